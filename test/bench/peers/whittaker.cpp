// Whittaker's recursion (second differences) pixel by pixel, t fastest, in double: values, weights, out, dates, pixels, lambda.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

static void smooth(const float *y, const float *w, float *out, int n, double lambda, double *c, double *d, double *e,
                   double *z) {
  const int m = n - 1;
  d[0] = w[0] + lambda;
  c[0] = -2 * lambda / d[0];
  e[0] = lambda / d[0];
  z[0] = double(w[0]) * y[0];
  d[1] = w[1] + 5 * lambda - d[0] * c[0] * c[0];
  c[1] = (-4 * lambda - d[0] * c[0] * e[0]) / d[1];
  e[1] = lambda / d[1];
  z[1] = double(w[1]) * y[1] - c[0] * z[0];
  for (int i = 2; i < m - 1; i++) {
    d[i] = w[i] + 6 * lambda - c[i - 1] * c[i - 1] * d[i - 1] - e[i - 2] * e[i - 2] * d[i - 2];
    c[i] = (-4 * lambda - d[i - 1] * c[i - 1] * e[i - 1]) / d[i];
    e[i] = lambda / d[i];
    z[i] = double(w[i]) * y[i] - c[i - 1] * z[i - 1] - e[i - 2] * z[i - 2];
  }
  int i = m - 1;
  d[i] = w[i] + 5 * lambda - c[i - 1] * c[i - 1] * d[i - 1] - e[i - 2] * e[i - 2] * d[i - 2];
  c[i] = (-2 * lambda - d[i - 1] * c[i - 1] * e[i - 1]) / d[i];
  z[i] = double(w[i]) * y[i] - c[i - 1] * z[i - 1] - e[i - 2] * z[i - 2];
  i = m;
  d[i] = w[i] + lambda - c[i - 1] * c[i - 1] * d[i - 1] - e[i - 2] * e[i - 2] * d[i - 2];
  z[i] = (double(w[i]) * y[i] - c[i - 1] * z[i - 1] - e[i - 2] * z[i - 2]) / d[i];
  z[m - 1] = z[m - 1] / d[m - 1] - c[m - 1] * z[m];
  for (i = m - 2; i >= 0; i--) z[i] = z[i] / d[i] - c[i] * z[i + 1] - e[i] * z[i + 2];
  for (i = 0; i < n; i++) out[i] = float(z[i]);
}

// From planes (a date behind the other) to series, and back.
static std::vector<float> turned(const std::vector<float> &from, size_t rows, size_t columns) {
  std::vector<float> to(from.size());
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
  return to;
}

static std::vector<float> read(const char *path, size_t count) {
  std::vector<float> data(count);
  FILE *file = std::fopen(path, "rb");
  if (!file || std::fread(data.data(), 4, count, file) != count) std::exit(1);
  std::fclose(file);
  return data;
}

int main(int, char **argv) {
  const size_t dates = std::atoi(argv[4]), pixels = std::atoi(argv[5]);
  const double lambda = std::atof(argv[6]);
  const auto values = turned(read(argv[1], dates * pixels), dates, pixels);
  const auto weights = turned(read(argv[2], dates * pixels), dates, pixels);
  std::vector<float> line(dates * pixels);
  std::vector<double> scratch(4 * dates);
  double *s = scratch.data();
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t before = std::clock();
  for (size_t p = 0; p < pixels; p++) {
    const size_t at = p * dates;
    smooth(&values[at], &weights[at], &line[at], int(dates), lambda, s, s + dates, s + 2 * dates, s + 3 * dates);
  }
  const double cpu = double(std::clock() - before) / CLOCKS_PER_SEC;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const auto planes = turned(line, pixels, dates);
  FILE *file = std::fopen(argv[3], "wb");
  std::fwrite(planes.data(), 4, planes.size(), file);
  std::fclose(file);
  std::printf("{\"wall\": %f, \"cpu\": %f}\n", wall.count(), cpu);
  return 0;
}
