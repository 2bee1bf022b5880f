// What a packaged engine would give: Vectorscan on the needles of N secrets, literally as they are (no escapes, gaps,
// mixtures or parts: it would need them on top), in streaming mode with the start of each match, as masking needs it.
// For the decision record in docs/masking.md.
#include <hs/hs.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/masking/bench_secrets.h"
#include "bench/masking/build_log.h"
#include "masking/needles.h"

namespace confide::bench {
namespace {

double now() {
  timespec time{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Collect : masking::NeedleSink {
  void put(uint8_t byte) override { text.push_back(static_cast<char>(byte)); }
  void end(const masking::NeedleShape&) override {
    if (!text.empty()) needles.push_back(text);
    text.clear();
  }
  std::string text;
  std::vector<std::string> needles;
};

size_t allocated = 0;
void* count_allocation(size_t size) {
  allocated += size;
  return std::malloc(size);
}

int on_match(unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
  ++*static_cast<size_t*>(context);
  return 0;
}

enum class Starts { kNo, kYes };

bool run(size_t count, const std::string& log, bool all_forms, Starts starts) {
  Collect collect;
  for (const NamedSecret& secret : bench_secrets(count)) {
    if (!all_forms) {
      collect.needles.push_back(secret.value);
      continue;
    }
    std::vector<uint8_t> scratch(4 * secret.value.size());
    masking::write_all_needles({reinterpret_cast<const uint8_t*>(secret.value.data()), secret.value.size()},
                               masking::ShortValues::kSkip, scratch, collect);
  }
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  std::vector<unsigned> flags, ids;
  for (const std::string& needle : collect.needles) {
    texts.push_back(needle.data());
    lengths.push_back(needle.size());
    flags.push_back(starts == Starts::kYes ? HS_FLAG_SOM_LEFTMOST : 0);
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  allocated = 0;
  ::hs_set_allocator(count_allocation, std::free);
  const double begin = now();
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  const unsigned mode = HS_MODE_STREAM | (starts == Starts::kYes ? HS_MODE_SOM_HORIZON_LARGE : 0);
  if (::hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                             static_cast<unsigned>(texts.size()), mode, nullptr, &database, &error) != HS_SUCCESS) {
    std::printf("%5zu secrets %-9s %6zu needles  starts %-3s  %s\n", count, all_forms ? "all forms" : "raw",
                texts.size(), starts == Starts::kYes ? "yes" : "no",
                error != nullptr ? error->message : "does not compile");
    return false;
  }
  const double compiled = now() - begin;
  size_t database_size = 0;
  size_t stream_size = 0;
  ::hs_database_size(database, &database_size);
  ::hs_stream_size(database, &stream_size);
  hs_scratch_t* scratch = nullptr;
  ::hs_alloc_scratch(database, &scratch);
  double best = 1e9;
  size_t hits = 0;
  for (int round = 0; round < 5; ++round) {
    hs_stream_t* stream = nullptr;
    ::hs_open_stream(database, 0, &stream);
    hits = 0;
    const double start = now();
    for (size_t at = 0; at < log.size(); at += 32768) {
      ::hs_scan_stream(stream, log.data() + at, static_cast<unsigned>(std::min<size_t>(32768, log.size() - at)), 0,
                       scratch, on_match, &hits);
    }
    best = std::min(best, now() - start);
    ::hs_close_stream(stream, scratch, on_match, &hits);
  }
  std::printf(
      "%5zu secrets %-9s %6zu needles  starts %-3s  %6.2f GB/s  database %6zu KiB  allocated %7zu KiB  compiled in "
      "%8.1f ms  hits %zu\n",
      count, all_forms ? "all forms" : "raw", texts.size(), starts == Starts::kYes ? "yes" : "no",
      static_cast<double>(log.size()) / best / 1e9, database_size >> 10, allocated >> 10, compiled * 1e3, hits);
  ::hs_free_scratch(scratch);
  ::hs_free_database(database);
  return true;
}

}  // namespace
}  // namespace confide::bench

int main() {
  using namespace confide::bench;
  const std::string log = build_log(size_t{32} << 20, Colours::kNone);
  for (const size_t count : {1U, 5U, 100U, 1000U}) {
    for (const bool all_forms : {false, true}) {
      if (count == 1000 && all_forms) continue;  // minutes
      for (const Starts starts : {Starts::kNo, Starts::kYes}) run(count, log, all_forms, starts);
    }
  }
  return 0;
}
