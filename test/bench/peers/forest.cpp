// A plain loop over our own trees: forest, pixels, output, threads. g++ -O3 -pthread.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

static std::vector<char> read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

int main(int, char** argv) {
  const auto bytes = read(argv[1]);
  const int32_t* at = reinterpret_cast<const int32_t*>(bytes.data());
  const int trees = at[0], nodes = at[1], features = at[2], classes = at[3];
  const int32_t *roots = at + 4, *child = roots + trees, *feature = child + nodes;
  const float* threshold = reinterpret_cast<const float*>(feature + nodes);
  const float* values = threshold + nodes;
  const auto raw = read(argv[2]);
  const float* planes = reinterpret_cast<const float*>(raw.data());
  const size_t pixels = raw.size() / 4 / features;
  std::vector<uint8_t> out(pixels);
  const auto work = [&](size_t from, size_t to) {
    constexpr size_t BLOCK = 4096;
    std::vector<float> rows(BLOCK * features), sums(BLOCK * classes);
    for (size_t start = from; start < to; start += BLOCK) {
      const size_t count = start + BLOCK < to ? BLOCK : to - start;
      for (size_t i = 0; i < count; i++)
        for (int f = 0; f < features; f++) rows[i * features + f] = planes[f * pixels + start + i];
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (int tree = 0; tree < trees; tree++)
        for (size_t i = 0; i < count; i++) {
          int node = roots[tree];
          while (child[node] != node) node = child[node] + (rows[i * features + feature[node]] > threshold[node]);
          for (int k = 0; k < classes; k++) sums[i * classes + k] += values[size_t(node) * classes + k];
        }
      for (size_t i = 0; i < count; i++) {
        int best = 0;
        for (int k = 1; k < classes; k++)
          if (sums[i * classes + k] > sums[i * classes + best]) best = k;
        out[start + i] = best;
      }
    }
  };
  const int threads = std::stoi(argv[4]);
  const auto start = std::chrono::steady_clock::now();
  const clock_t before = clock();
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; t++) pool.emplace_back(work, pixels * t / threads, pixels * (t + 1) / threads);
  for (auto& thread : pool) thread.join();
  const double cpu = double(clock() - before) / CLOCKS_PER_SEC;
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::ofstream(argv[3], std::ios::binary).write(reinterpret_cast<const char*>(out.data()), out.size());
  printf("{\"wall\": %f, \"cpu\": %f}\n", wall, cpu);
}
