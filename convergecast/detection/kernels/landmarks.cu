// dlib's landmark predictors: landmarks_numpy.fit_shapes, step by step and in its order, so that
// results are equal bit for bit. A face is blockIdx.y. The model's arrays are of one cascade.

// features: (n, features), the brightness around the points found so far: shapes, (n, 2 * points).
// pictures: (n, 3) address of the gray picture, rows, columns. rects: (n, 4) left, top, right, bottom.
extern "C" __global__ void read_features(
    const long long *pictures, const long long *rects, const float *initial,
    const unsigned short *anchors, const float *deltas, int points, int count, const float *shapes,
    float *features)
{
    int at = item();
    if (at >= count)
        return;
    const float *shape = shapes + 2 * (long long)blockIdx.y * points;
    // The similarity from the first shape to this one; every thread computes it for itself.
    double from_x = 0, from_y = 0, to_x = 0, to_y = 0;
    for (int point = 0; point < points; point++) {
        from_x += initial[2 * point];
        from_y += initial[2 * point + 1];
        to_x += shape[2 * point];
        to_y += shape[2 * point + 1];
    }
    from_x = from_x / points, from_y = from_y / points, to_x = to_x / points, to_y = to_y / points;
    double square = 0, along = 0, across = 0;
    for (int point = 0; point < points; point++) {
        double x = initial[2 * point] - from_x, y = initial[2 * point + 1] - from_y;
        double u = shape[2 * point] - to_x, v = shape[2 * point + 1] - to_y;
        square += x * x + y * y;
        along += x * u + y * v;
        across += x * v - y * u;
    }
    float cosine = (float)(along / square), sine = (float)(across / square);
    int anchor = anchors[at];
    const float *delta = deltas + 2 * at;
    float x = (cosine * delta[0] - sine * delta[1]) + shape[2 * anchor];
    float y = (sine * delta[0] + cosine * delta[1]) + shape[2 * anchor + 1];
    const long long *rect = rects + 4 * blockIdx.y, *picture = pictures + 3 * blockIdx.y;
    double column = floor((double)x * (double)(rect[2] - rect[0]) + (double)rect[0] + 0.5);
    double row = floor((double)y * (double)(rect[3] - rect[1]) + (double)rect[1] + 0.5);
    bool inside = column >= 0 && column < (double)picture[2] && row >= 0 && row < (double)picture[1];
    float value = 0;
    if (inside)
        value = ((const unsigned char *)picture[0])[(long long)row * picture[2] + (long long)column];
    features[(long long)blockIdx.y * count + at] = value;
}

// chosen: (n, trees), the leaf to which the features lead in each tree.
extern "C" __global__ void choose_leaves(
    const unsigned short *splits, const float *thresholds, int trees, int nodes, int count,
    const float *features, int *chosen)
{
    int tree = item();
    if (tree >= trees)
        return;
    const float *own = features + (long long)blockIdx.y * count;
    int node = 0;
    while (node < nodes) {
        const unsigned short *split = splits + 2 * ((long long)tree * nodes + node);
        float difference = own[split[0]] - own[split[1]];
        node = 2 * node + (difference > thresholds[(long long)tree * nodes + node] ? 1 : 2);
    }
    chosen[(long long)blockIdx.y * trees + tree] = node - nodes;
}

// Adds to each of a shape's values its value in the chosen leaves, one tree after the other.
extern "C" __global__ void add_leaves(
    const float *leaves, const int *chosen, int trees, int leaves_of_tree, int values, float *shapes)
{
    int at = item();
    if (at >= values)
        return;
    const int *own = chosen + (long long)blockIdx.y * trees;
    float sum = shapes[(long long)blockIdx.y * values + at];
    for (int tree = 0; tree < trees; tree++)
        sum += leaves[((long long)tree * leaves_of_tree + own[tree]) * values + at];
    shapes[(long long)blockIdx.y * values + at] = sum;
}
