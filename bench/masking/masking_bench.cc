// masking_bench                 the table: the library alone
// masking_bench --log MIB       writes the log to stdout
// masking_bench --secrets N     writes N secrets, one a line
// masking_bench --filter N      masks stdin to stdout with N secrets: what a relay does, without one
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bench/masking/bench_secrets.h"
#include "bench/masking/build_log.h"
#include "masking/stream.h"

namespace confide::bench {
namespace {

// Processor time: what other programs do in the meantime is not counted.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock, duration>;
  static time_point now() {
    timespec time{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};
using masking::Liveness;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void fail(const Error& error) {
  (void)std::fprintf(stderr, "masking_bench: %s\n", to_text(error).c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  return std::move(result).value();
}

masking::Tables tables_of(const std::vector<NamedSecret>& secrets) {
  std::vector<masking::Secret> given;
  for (const NamedSecret& secret : secrets) given.push_back({secret.name, std::as_bytes(std::span(secret.value))});
  return must(masking::Tables::create(given, {}));
}

struct Discard : masking::Sink {
  void write(std::span<const std::byte> bytes) override { total += bytes.size(); }
  void masked(const masking::Masked&) override { ++hits; }
  size_t total = 0;
  size_t hits = 0;
};

// Bytes per second through feed(), read in pieces as from a pipe; the best of a few rounds.
struct Run {
  double gigabytes_per_second = 0;
  size_t hits = 0;
};
Run measure(const masking::Tables& tables, std::string_view log, const masking::Kernels* kernels = nullptr) {
  Run best;
  for (int round = 0; round < 5; ++round) {
    auto masker = must(masking::StreamMasker::create(tables, {.liveness = Liveness::kHold, .kernels = kernels}));
    Discard sink;
    const auto start = Clock::now();
    for (size_t at = 0; at < log.size();) {
      const auto space = masker.buffer();
      const size_t count = std::min(space.size(), log.size() - at);
      std::memcpy(space.data(), log.data() + at, count);
      if (auto fed = masker.feed(count, 0, sink); !fed) fail(fed.error());
      at += count;
    }
    masker.finish(sink);
    best.gigabytes_per_second =
        std::max(best.gigabytes_per_second, static_cast<double>(log.size()) / seconds_since(start) / 1e9);
    best.hits = sink.hits;
  }
  return best;
}

// The log with a secret in each kilobyte, in the forms in turn that a log may hold.
std::string with_hits(const std::string& log, const std::vector<NamedSecret>& secrets) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < log.size();) {
    const size_t end = std::min(log.find('\n', std::min(at + 1000, log.size() - 1)), log.size() - 1) + 1;
    out.append(log, at, end - at);
    out += "token=" + secrets[next++ % secrets.size()].value + "\n";
    at = end;
  }
  return out;
}

double first_byte_microseconds(const masking::Tables& tables) {
  auto masker = must(masking::StreamMasker::create(tables, {}));
  std::vector<double> times;
  const std::string_view line = "Listening on http://0.0.0.0:3000/\n";
  for (int i = 0; i < 20001; ++i) {
    Discard sink;
    const auto start = Clock::now();
    if (auto fed = masker.feed(std::as_bytes(std::span(line)), i, sink); !fed) fail(fed.error());
    times.push_back(seconds_since(start) * 1e6);
    masker.finish(sink);
  }
  std::ranges::nth_element(times, times.begin() + 10000);
  return times[10000];
}

void print_table() {
  const std::string log = build_log(size_t{64} << 20, Colours::kNone);
  const std::string coloured = build_log(size_t{64} << 20, Colours::kTerminal);
  std::printf("%-44s %10s %10s %12s %10s\n", "masking, one core", "GB/s", "needed", "tables KiB", "create ms");
  enum class Kind { kPlain, kColoured, kHits };
  const auto row = [&](const char* what, size_t count, double needed, Kind kind, const masking::Kernels* kernels) {
    const auto secrets = bench_secrets(count);
    const auto start = Clock::now();
    const auto tables = tables_of(secrets);
    const double created = seconds_since(start) * 1e3;
    const std::string& base = kind == Kind::kColoured ? coloured : log;
    const Run run = measure(tables, kind == Kind::kHits ? with_hits(base, secrets) : base, kernels);
    std::printf("%-44s %10.2f %10.2f %12zu %10.2f\n", what, run.gigabytes_per_second, needed,
                tables.locked_bytes() >> 10, created);
    if (kind != Kind::kHits && run.hits != 0) std::printf("   (%zu hits where none were expected)\n", run.hits);
  };
  row("1 secret, no hits", 1, 3.0, Kind::kPlain, nullptr);
  row("5 secrets, no hits", 5, 0, Kind::kPlain, nullptr);
  row("100 secrets, no hits", 100, 1.0, Kind::kPlain, nullptr);
  row("1000 secrets, no hits", 1000, 0.3, Kind::kPlain, nullptr);
  row("100 secrets, a hit each kilobyte", 100, 0.2, Kind::kHits, nullptr);
  row("1 secret, no hits, coloured log", 1, 0, Kind::kColoured, nullptr);
  row("100 secrets, no hits, coloured log", 100, 0, Kind::kColoured, nullptr);
  for (const masking::Kernels* kernels : masking::available_kernels()) {
    row((std::string("100 secrets, no hits, kernel ") + kernels->name).c_str(), 100, 0, Kind::kPlain, kernels);
  }
  const auto tables = tables_of(bench_secrets(100));
  std::printf("%-44s %8.2f us (needed: 50)\n", "first bytes through, 100 secrets", first_byte_microseconds(tables));
}

struct ToDescriptor : masking::Sink {
  void write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
      if (n <= 0) std::exit(1);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
  }
};

void filter(size_t count) {
  const auto tables = tables_of(bench_secrets(count));
  auto masker = must(masking::StreamMasker::create(tables, {.liveness = Liveness::kHold}));
  ToDescriptor sink;
  for (;;) {
    const auto space = masker.buffer();
    const ssize_t n = ::read(STDIN_FILENO, space.data(), space.size());
    if (n <= 0) break;
    if (auto fed = masker.feed(static_cast<size_t>(n), 0, sink); !fed) fail(fed.error());
  }
  masker.finish(sink);
}

}  // namespace
}  // namespace confide::bench

int main(int argc, char** argv) {
  using namespace confide::bench;
  const std::string_view what = argc > 1 ? argv[1] : "";
  const size_t number = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (what == "--log") {
    const std::string log = build_log(number << 20, Colours::kNone);
    ToDescriptor().write(std::as_bytes(std::span(log)));
  } else if (what == "--secrets") {
    for (const NamedSecret& secret : bench_secrets(number)) std::puts(secret.value.c_str());
  } else if (what == "--filter") {
    filter(number);
  } else if (what.empty()) {
    print_table();
  } else {
    return 2;
  }
  return 0;
}
