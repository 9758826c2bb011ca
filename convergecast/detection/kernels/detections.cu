// Finds boxes in the outputs of detectors and suppresses those that overlap a better one.
//
// Candidates of a picture, which is blockIdx.y, are collected in the order in which threads come.
// That order has no influence: they are sorted by score, label and place before they are used.
// Where a picture has more than `most` candidates, `counts` says so and its result is not used.

// The arguments of every decoder after its own, for n pictures: boxes (n, most, 4) x1, y1, x2, y2;
// scores, labels and places (n, most), of which a place is the order among equal scores; marks
// (n, most, 10) x and y of five points; counts (n,), which must be 0.
#define CANDIDATES                                                                                 \
    int most, float *boxes, float *scores, int *labels, int *places, float *marks, int *counts

__device__ static inline long long slot_of(int *counts, int most)
{
    int at = atomicAdd(counts + blockIdx.y, 1);
    return at < most ? (long long)blockIdx.y * most + at : -1;
}

__device__ static inline void put_box(float *boxes, long long slot, float x1, float y1, float x2, float y2)
{
    boxes[4 * slot] = x1;
    boxes[4 * slot + 1] = y1;
    boxes[4 * slot + 2] = x2;
    boxes[4 * slot + 3] = y2;
}

// CenterFace's maps, (n, 1, rows, columns), (n, 2, ...), (n, 2, ...), (n, 10, ...) float32: see
// centerface.Maps. A cell is `cell` pixels wide; boxes are in pixels of the canvas.
extern "C" __global__ void decode_centerface(
    const float *heat, const float *scale, const float *offset, const float *landmarks, int rows,
    int columns, float cell, float min_score, CANDIDATES)
{
    int at = item(), cells = rows * columns;
    if (at >= cells)
        return;
    long long picture = blockIdx.y;
    float score = heat[picture * cells + at];
    if (!(score > min_score))
        return;
    long long slot = slot_of(counts, most);
    if (slot < 0)
        return;
    const float *log_size = scale + picture * 2 * cells + at;
    const float *from_middle = offset + picture * 2 * cells + at;
    float height = exponential(log_size[0]) * cell, width = exponential(log_size[cells]) * cell;
    float y = ((float)(at / columns) + (from_middle[0] + 0.5f)) * cell;
    float x = ((float)(at % columns) + (from_middle[cells] + 0.5f)) * cell;
    float left = x - width / 2.0f, top = y - height / 2.0f;
    put_box(boxes, slot, left, top, x + width / 2.0f, y + height / 2.0f);
    const float *relative = landmarks + picture * 10 * cells + at;
    for (int point = 0; point < 5; point++) {
        marks[10 * slot + 2 * point] = left + relative[(2 * point + 1) * cells] * width;
        marks[10 * slot + 2 * point + 1] = top + relative[2 * point * cells] * height;
    }
    scores[slot] = score;
    labels[slot] = 0;
    places[slot] = at;
}

// SSD's predictions: encodings (n, anchors, 4) y, x, height, width relative to the anchors; logits
// (n, anchors, classes); anchors (anchors, 4). Boxes are in sides of the picture. A thread looks at
// one class of one anchor.
extern "C" __global__ void decode_ssd(
    const float *encodings, const float *logits, const float *anchors, int rows, int classes,
    float min_logit, CANDIDATES)
{
    int at = item();
    if (at >= rows * classes)
        return;
    long long picture = blockIdx.y;
    float logit = logits[picture * rows * classes + at];
    if (!(logit > min_logit))
        return;
    long long slot = slot_of(counts, most);
    if (slot < 0)
        return;
    int row = at / classes;
    const float *code = encodings + (picture * rows + row) * 4, *anchor = anchors + 4 * row;
    float y = anchor[0] + code[0] / 10.0f * anchor[2], x = anchor[1] + code[1] / 10.0f * anchor[3];
    float half_height = anchor[2] * exponential(code[2] / 5.0f) / 2.0f;
    float half_width = anchor[3] * exponential(code[3] / 5.0f) / 2.0f;
    put_box(boxes, slot, x - half_width, y - half_height, x + half_width, y + half_height);
    scores[slot] = 1.0f / (1.0f + exponential(-logit));
    labels[slot] = at % classes;
    places[slot] = at;
}

// YOLOX's rows: (n, cells, 5 + classes), see yolox.decode_rows; cells: (cells, 3) x, y, stride.
// Boxes are in pixels of the canvas. A thread looks at all classes of one cell.
extern "C" __global__ void decode_yolox(
    const float *predictions, const float *cells, int rows, int classes, float min_score, CANDIDATES)
{
    int row = item();
    if (row >= rows)
        return;
    const float *values = predictions + ((long long)blockIdx.y * rows + row) * (5 + classes);
    if (!(values[4] > min_score))
        return;
    const float *cell = cells + 3 * row;
    float x = (values[0] + cell[0]) * cell[2], y = (values[1] + cell[1]) * cell[2];
    float half_width = exponential(values[2]) * cell[2] / 2.0f;
    float half_height = exponential(values[3]) * cell[2] / 2.0f;
    for (int label = 0; label < classes; label++) {
        float score = values[4] * values[5 + label];
        if (!(score > min_score))
            continue;
        long long slot = slot_of(counts, most);
        if (slot < 0)
            return;
        put_box(boxes, slot, x - half_width, y - half_height, x + half_width, y + half_height);
        scores[slot] = score;
        labels[slot] = label;
        places[slot] = row * classes + label;
    }
}

// order: (n, most), the candidates' slots, best score first; among equal scores the lower label,
// then the lower place, first. A thread counts who stands before one candidate.
extern "C" __global__ void sort_candidates(
    int most, const float *scores, const int *labels, const int *places, const int *counts,
    int *order)
{
    int at = item(), count = within(counts[blockIdx.y], 0, most);
    if (at >= count)
        return;
    long long first = (long long)blockIdx.y * most;
    float score = scores[first + at];
    int label = labels[first + at], place = places[first + at], before = 0;
    for (long long other = first; other < first + count; other++) {
        if (scores[other] != score)
            before += scores[other] > score;
        else if (labels[other] != label)
            before += labels[other] < label;
        else
            before += places[other] < place;
    }
    order[first + before] = at;
}

__device__ static float overlap(const float *one, const float *other)
{
    float width = most_of(least_of(one[2], other[2]) - most_of(one[0], other[0]), 0.0f);
    float height = most_of(least_of(one[3], other[3]) - most_of(one[1], other[1]), 0.0f);
    float shared = width * height;
    float area = most_of(one[2] - one[0], 0.0f) * most_of(one[3] - one[1], 0.0f);
    float other_area = most_of(other[2] - other[0], 0.0f) * most_of(other[3] - other[1], 0.0f);
    return shared / most_of((area + other_area) - shared, 1.17549435e-38f);
}

// overlaps: (n, most, most / 32), of the candidate at each rank the ranks after it that are of its
// label and overlap it by `max_iou` or more, a bit each. A thread makes the 32 bits of one word.
extern "C" __global__ void find_overlaps(
    int most, const float *boxes, const int *labels, const int *counts, const int *order,
    float max_iou, unsigned int *overlaps)
{
    int words = most / 32, at = item(), count = within(counts[blockIdx.y], 0, most);
    int rank = at / words, word = at % words;
    if (rank >= count || 32 * word >= count)
        return;
    long long first = (long long)blockIdx.y * most;
    long long slot = first + order[first + rank];
    unsigned int bits = 0;
    for (int bit = 0; bit < 32; bit++) {
        int later = 32 * word + bit;
        if (later <= rank || later >= count)
            continue;
        long long other = first + order[first + later];
        if (labels[other] == labels[slot] && !(overlap(boxes + 4 * slot, boxes + 4 * other) < max_iou))
            bits |= 1u << bit;
    }
    overlaps[(first + rank) * words + word] = bits;
}

// rows: (n, limit, 16) of those that are kept, best first: box, score, label, five points.
// kept: (n, 2), how many candidates there were, and how many are kept; both may be more than there
// is room for. Of a label, `most_of_label` are looked at. `most` is at most 1024, labels are below
// 128. One thread per picture: it is over after some dozens of steps.
extern "C" __global__ void keep_best(
    int most, const float *boxes, const float *scores, const int *labels, const float *marks,
    const int *counts, const int *order, const unsigned int *overlaps, int most_of_label, int limit,
    float *rows, int *kept)
{
    if (item() > 0)
        return;
    unsigned int dropped[32];
    int looked[128], words = most / 32, found = 0, count = within(counts[blockIdx.y], 0, most);
    for (int word = 0; word < 32; word++)
        dropped[word] = 0;
    for (int label = 0; label < 128; label++)
        looked[label] = 0;
    long long first = (long long)blockIdx.y * most;
    for (int rank = 0; rank < count; rank++) {
        long long slot = first + order[first + rank];
        if (looked[labels[slot]]++ >= most_of_label || (dropped[rank / 32] >> (rank % 32) & 1))
            continue;
        for (int word = rank / 32; 32 * word < count; word++)
            dropped[word] |= overlaps[(first + rank) * words + word];
        if (found++ >= limit)
            continue;
        float *row = rows + 16 * ((long long)blockIdx.y * limit + found - 1);
        for (int side = 0; side < 4; side++)
            row[side] = boxes[4 * slot + side];
        row[4] = scores[slot];
        row[5] = (float)labels[slot];
        for (int mark = 0; mark < 10; mark++)
            row[6 + mark] = marks[10 * slot + mark];
    }
    kept[2 * blockIdx.y] = counts[blockIdx.y];
    kept[2 * blockIdx.y + 1] = found;
}
