// Replays a fuzzer's corpus and a fixed number of seeded mutations of it, so that every build and
// every run tries the same inputs. Usage: <fuzzer> CORPUS_DIR [MUTATIONS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::vector<std::string> ReadCorpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs = {""};
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void Mutate(std::string& input, std::mt19937_64& random) {
  const int edits = 1 + static_cast<int>(random() % 8);
  for (int i = 0; i < edits; ++i) {
    const size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 5) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random());
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        if (!input.empty()) input.erase(at, 1 + random() % 16);
        break;
      case 3:
        input.insert(at, input.substr(at / 2, 1 + random() % 64));
        break;
      default:
        input.resize(at);
    }
  }
}

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const auto corpus = ReadCorpus(argc > 1 ? argv[1] : "");
  const int mutations = argc > 2 ? std::atoi(argv[2]) : 20000;
  for (const auto& input : corpus) Run(input);
  std::mt19937_64 random(20260101);
  for (int i = 0; i < mutations; ++i) {
    std::string input = corpus[random() % corpus.size()];
    Mutate(input, random);
    Run(input);
  }
  std::printf("%zu corpus inputs and %d mutations of them: no crash\n", corpus.size(), mutations);
  return 0;
}
