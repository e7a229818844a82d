#include <algorithm>

#include "base/crypto.h"
#include "learn/history_file.h"
#include "teach/teacher.h"

namespace driftcast::teach {
namespace {

struct StackSize {
  std::string order;  // a hash: a draw that is the same every time
  StackId id;
  uint64_t resources = 0;
};

std::vector<StackSize> DrawnOrder(const Engine& engine) {
  std::vector<StackSize> stacks = engine.Ask([](const EngineView& view) {
    std::vector<StackSize> sizes;
    for (const StackSummary& stack : view.Stacks()) {
      StackSize size{Hex(Sha256(stack.id.value)), stack.id, 0};
      for (const uint64_t count : stack.counts) size.resources += count;
      sizes.push_back(std::move(size));
    }
    return sizes;
  });
  std::sort(stacks.begin(), stacks.end(),
            [](const StackSize& a, const StackSize& b) { return a.order < b.order; });
  return stacks;
}

// A name of a file that tells stacks apart also where their own names are too long for one.
std::string FileStem(const StackSize& stack) {
  return stack.id.value.substr(0, 100) + "-" + stack.order.substr(0, 8);
}

}  // namespace

StatusOr<std::vector<std::filesystem::path>> ExportPast(const Engine& engine,
                                                        const std::filesystem::path& folder,
                                                        uint64_t resources_max) {
  std::vector<std::filesystem::path> files;
  uint64_t resources = 0;
  for (const StackSize& stack : DrawnOrder(engine)) {
    if (!files.empty() && resources + stack.resources > resources_max) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(std::vector<ChangeEvent> events, engine.PastOf(stack.id));
    if (events.empty()) continue;
    resources += stack.resources;
    const std::string stem = FileStem(stack);
    DRIFTCAST_ASSIGN_OR_RETURN(const auto writer, learn::HistoryWriter::Create(folder, stem));
    for (ChangeEvent& event : events) {
      event.stack = stem;
      DRIFTCAST_RETURN_IF_ERROR(writer->Add(event));
    }
    DRIFTCAST_RETURN_IF_ERROR(writer->Finish());
    files.push_back(folder / (stem + ".tsv.gz"));
  }
  return files;
}

}  // namespace driftcast::teach
