#include "masking/scan.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/sys.h"
#include "masking/stream.h"

namespace confide::masking {
namespace {

// A policy that ends a stream must not end the search.
constexpr StreamOptions kSearch{.liveness = Liveness::kHold, .on_leak = OnLeak::kMask};

class Findings : public Sink {
 public:
  void write(std::span<const std::byte>) override {}
  void masked(const Masked& event) override {
    if (!full()) list.push_back({std::string(event.name), event.form, event.offset, event.length});
  }
  bool full() const { return list.size() >= kMaxFindings; }
  std::vector<Finding> list;
};

}  // namespace

Result<std::vector<Finding>> scan(const Tables& tables, std::span<const std::byte> bytes) {
  StreamMasker masker = TRY(StreamMasker::create(tables, kSearch));
  Findings findings;
  while (!bytes.empty() && !findings.full()) {
    const std::span<std::byte> space = masker.buffer();
    const size_t count = std::min(space.size(), bytes.size());
    std::copy_n(bytes.begin(), count, space.begin());
    TRY(masker.feed(count, 0, findings));
    bytes = bytes.subspan(count);
  }
  masker.finish(findings);
  return std::move(findings.list);
}

Result<std::vector<Finding>> scan_fd(const Tables& tables, int fd, std::string_view object) {
  StreamMasker masker = TRY(StreamMasker::create(tables, kSearch));
  Findings findings;
  while (!findings.full()) {
    const std::span<std::byte> space = masker.buffer();
    const ssize_t count = ::read(fd, space.data(), space.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return sys::errno_error("read", object);
    if (count == 0) break;
    TRY(masker.feed(static_cast<size_t>(count), 0, findings));
  }
  masker.finish(findings);
  return std::move(findings.list);
}

}  // namespace confide::masking
