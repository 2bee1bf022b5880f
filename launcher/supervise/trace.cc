#include "launcher/supervise/trace.h"

#include <sys/mman.h>

#include "base/text.h"
#include "launcher/plan/explain.h"

namespace confide::launcher {

uint64_t* trace_memory() {
  constexpr size_t kSlots = 1024;
  void* memory = ::mmap(nullptr, kSlots * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint64_t*>(memory);
}

std::vector<TraceRow> trace_rows(const LaunchPlan& plan, const child::FrozenPlan& frozen, const uint64_t* times) {
  std::vector<TraceRow> rows;
  for (size_t i = 0; i < frozen.op_count; ++i) {
    const StepText text = describe(plan.steps[frozen.ops[i].step].action);
    const double took = static_cast<double>(times[i + 1] - times[i]) / 1000.0;
    const std::string name = cat(text.verb, " ", text.text);
    if (!rows.empty() && rows.back().step == name)
      rows.back().microseconds += took;
    else
      rows.push_back({name, took});
  }
  return rows;
}

}  // namespace confide::launcher
