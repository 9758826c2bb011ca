// Fits pictures to the inputs of models and cuts faces out of them.
//
// A picture is uint8, three bytes a pixel (BGR), at an address of its own; a row of it begins
// `stride` bytes after the one before. Tables have a row for each picture of a launch, which is
// blockIdx.y; a thread makes one pixel.

struct Picture {
    const unsigned char *pixels;
    long long stride;
    int rows, columns;
};

__device__ static inline Picture picture_at(const long long *row)
{
    return {(const unsigned char *)row[0], row[1], (int)row[2], (int)row[3]};
}

// The two pixels beside a place, and their weights of 2048 together: cv2.resize, INTER_LINEAR.
struct Between {
    int first, second, first_weight, second_weight;
};

__device__ static inline Between between(int at, double scale, int length, bool clamped)
{
    float place = (float)((at + 0.5) * scale - 0.5);
    int first = (int)floorf(place);
    float part = place - (float)first;
    // Of columns the weight moves to the edge; of rows OpenCV takes the row at the edge twice.
    if (clamped && first < 0) {
        first = 0;
        part = 0.0f;
    }
    if (clamped && first >= length - 1) {
        first = length - 1;
        part = 0.0f;
    }
    return {within(first, 0, length - 1), within(first + 1, 0, length - 1),
            (int)rintf((1.0f - part) * 2048.0f), (int)rintf(part * 2048.0f)};
}

__device__ static int fitted(
    const Picture &picture, int new_rows, int new_columns, const double *scales, int y, int x,
    int colour, int fill)
{
    if (y >= new_rows || x >= new_columns)
        return fill;
    const unsigned char *pixels = picture.pixels + colour;
    if (new_rows == picture.rows && new_columns == picture.columns)
        return pixels[y * picture.stride + 3 * x];
    if (2 * new_rows == picture.rows && 2 * new_columns == picture.columns) {
        // Half the size exactly: the mean of four pixels.
        const unsigned char *upper = pixels + 2 * y * picture.stride + 6 * x;
        const unsigned char *lower = upper + picture.stride;
        return (upper[0] + upper[3] + lower[0] + lower[3] + 2) >> 2;
    }
    Between down = between(y, scales[0], picture.rows, false);
    Between across = between(x, scales[1], picture.columns, true);
    const unsigned char *upper = pixels + down.first * picture.stride;
    const unsigned char *lower = pixels + down.second * picture.stride;
    int above = upper[3 * across.first] * across.first_weight
              + upper[3 * across.second] * across.second_weight;
    int below = lower[3 * across.first] * across.first_weight
              + lower[3 * across.second] * across.second_weight;
    return (((down.first_weight * (above >> 4)) >> 16) + ((down.second_weight * (below >> 4)) >> 16)
            + 2) >> 2;
}

// table: (n, 6) address, stride, rows, columns, new rows, new columns. scales: (n, 2) old pixels
// per new one, down and across. canvases: (n, rows, columns, 3), `fill` outside the picture.
extern "C" __global__ void fit_bytes(
    const long long *table, const double *scales, int rows, int columns, int fill,
    unsigned char *canvases)
{
    int at = item();
    if (at >= rows * columns)
        return;
    const long long *row = table + 6 * blockIdx.y;
    Picture picture = picture_at(row);
    unsigned char *out = canvases + 3 * ((long long)blockIdx.y * rows * columns + at);
    for (int colour = 0; colour < 3; colour++)
        out[colour] = (unsigned char)fitted(
            picture, (int)row[4], (int)row[5], scales + 2 * blockIdx.y, at / columns, at % columns,
            colour, fill);
}

// As fit_bytes; canvases: (n, 3, rows, columns) float32, 0 to 255, BGR.
extern "C" __global__ void fit_planes(
    const long long *table, const double *scales, int rows, int columns, int fill, float *canvases)
{
    int at = item();
    if (at >= rows * columns)
        return;
    const long long *row = table + 6 * blockIdx.y;
    Picture picture = picture_at(row);
    for (int colour = 0; colour < 3; colour++)
        canvases[(3 * (long long)blockIdx.y + colour) * rows * columns + at] = (float)fitted(
            picture, (int)row[4], (int)row[5], scales + 2 * blockIdx.y, at / columns, at % columns,
            colour, fill);
}

__device__ static inline long long fixed(double value)
{
    double most = 2147483647.0, scaled = rint(value);
    return (long long)(scaled > most ? most : scaled < -most ? -most : scaled);
}

__device__ static inline int pixel(const Picture &picture, long long y, long long x, int colour)
{
    bool outside = y < 0 || x < 0 || y >= picture.rows || x >= picture.columns;
    return outside ? 0 : picture.pixels[y * picture.stride + 3 * x + colour];
}

// Square crops, scaled and turned: cv2.warpAffine, INTER_LINEAR, in 32nds of a pixel.
// table: (n, 4) address, stride, rows, columns. back: (n, 6), from a crop's pixels to the
// picture's: xx, xy, x0, yx, yy, y0. crops: (n, side, side, 3), black outside.
extern "C" __global__ void cut_crops(
    const long long *table, const double *back, int side, unsigned char *crops)
{
    int at = item();
    if (at >= side * side)
        return;
    int y = at / side, x = at % side;
    Picture picture = picture_at(table + 4 * blockIdx.y);
    const double *turn = back + 6 * blockIdx.y;
    long long across = (fixed((turn[1] * y + turn[2]) * 1024.0) + 16 + fixed(turn[0] * x * 1024.0)) >> 5;
    long long down = (fixed((turn[4] * y + turn[5]) * 1024.0) + 16 + fixed(turn[3] * x * 1024.0)) >> 5;
    long long left = across >> 5, top = down >> 5;
    int right_part = (int)(across & 31), lower_part = (int)(down & 31);
    unsigned char *out = crops + 3 * ((long long)blockIdx.y * side * side + at);
    for (int colour = 0; colour < 3; colour++) {
        int upper = pixel(picture, top, left, colour) * (32 - right_part)
                  + pixel(picture, top, left + 1, colour) * right_part;
        int lower = pixel(picture, top + 1, left, colour) * (32 - right_part)
                  + pixel(picture, top + 1, left + 1, colour) * right_part;
        int sum = upper * (32 - lower_part) + lower * lower_part;
        out[colour] = (unsigned char)((sum * 32 + (1 << 14)) >> 15);
    }
}

// Smooths and halves: chips_numpy.sample_chip. table: (n, 5) address, stride, rows, columns, and
// the address of the result, whose rows follow each other without a gap.
extern "C" __global__ void halve(const long long *table)
{
    const long long *row = table + 5 * blockIdx.y;
    Picture picture = picture_at(row);
    int rows = (picture.rows - 3) / 2, columns = (picture.columns - 3) / 2;
    int at = item();
    if (rows <= 0 || columns <= 0 || at >= rows * columns)
        return;
    const int taps[5] = {1, 4, 6, 4, 1};
    const unsigned char *first =
        picture.pixels + 2 * (at / columns) * picture.stride + 6 * (at % columns);
    unsigned char *out = (unsigned char *)row[4] + 3 * (long long)at;
    for (int colour = 0; colour < 3; colour++) {
        int sum = 0;
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 5; x++)
                sum += taps[y] * taps[x] * first[y * picture.stride + 3 * x + colour];
        out[colour] = (unsigned char)(sum >> 8);
    }
}

// Face chips from crops that are halved as often as needed: chips_numpy.sample_chip.
// table: (n, 4) address, stride, rows, columns. places: (n, 6) x and y of the first pixel, the step
// to the next pixel, the step to the next row. chips: (n, side, side, 3) RGB, black outside.
extern "C" __global__ void sample_chips(
    const long long *table, const double *places, int side, unsigned char *chips)
{
    int at = item();
    if (at >= side * side)
        return;
    int row = at / side, column = at % side;
    Picture picture = picture_at(table + 4 * blockIdx.y);
    const double *place = places + 6 * blockIdx.y;
    double x = (place[2] * column + place[4] * row) + place[0];
    double y = (place[3] * column + place[5] * row) + place[1];
    double left = floor(x), top = floor(y);
    bool inside = left >= 0 && left < picture.columns - 1.0 && top >= 0 && top < picture.rows - 1.0;
    double across = x - left, down = y - top;
    unsigned char *out = chips + 3 * ((long long)blockIdx.y * side * side + at);
    const unsigned char *near = picture.pixels;
    if (inside)
        near += (long long)top * picture.stride + 3 * (long long)left;
    for (int colour = 0; colour < 3; colour++) {
        double value = 0.0;
        if (inside) {
            const unsigned char *below = near + picture.stride;
            double upper = (1 - across) * near[colour] + across * near[3 + colour];
            double lower = (1 - across) * below[colour] + across * below[3 + colour];
            value = (1 - down) * upper + down * lower;
        }
        out[2 - colour] = (unsigned char)value;
    }
}
