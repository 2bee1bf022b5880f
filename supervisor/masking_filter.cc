#include "supervisor/masking_filter.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/delivery_block.h"

namespace confide::supervisor {
namespace {

using launcher::Stream;
using masking::OnLeak;

// A memfd seen for as long as this lives; never copied.
class View {
 public:
  static Result<View> of(int fd) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) return sys::errno_error("fstat of a delivery");
    const auto size = static_cast<size_t>(found.st_size);
    if (size == 0) return View(nullptr, 0);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) return sys::errno_error("mmap of a delivery");
    return View(static_cast<const std::byte*>(address), size);
  }
  View(View&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
  View& operator=(View&&) = delete;
  ~View() {
    if (bytes_ != nullptr) ::munmap(const_cast<std::byte*>(bytes_), size_);
  }
  std::span<const std::byte> bytes() const { return {bytes_, size_}; }
  // Nothing where the range does not lie inside.
  std::optional<std::span<const std::byte>> range(uint64_t at, uint64_t size) const {
    if (at > size_ || size > size_ - at) return std::nullopt;
    return bytes().subspan(at, size);
  }

 private:
  View(const std::byte* bytes, size_t size) : bytes_(bytes), size_(size) {}
  const std::byte* bytes_;
  size_t size_;
};

Error malformed() { return {ErrorKind::kLaunch, 0, "the masker cannot start: the delivery block is malformed"}; }

// The block's secrets as the masker takes them; the spans live as long as the views.
class SecretReader {
 public:
  static Result<SecretReader> of(std::span<const UniqueFd> delivery) {
    SecretReader reader;
    for (const UniqueFd& fd : delivery) reader.views_.push_back(TRY(View::of(fd.get())));
    TRY(reader.read());
    return reader;
  }
  const std::vector<masking::Secret>& secrets() const { return secrets_; }

 private:
  Status read() {
    if (views_.empty()) return malformed();
    const View& block = views_.front();
    child::DeliveryHeader header{};
    const auto head = block.range(0, sizeof header);
    if (!head) return malformed();
    std::memcpy(&header, head->data(), sizeof header);
    size_t descriptor = 1;
    for (uint32_t i = 0; i < header.count; ++i) {
      child::DeliveryEntry entry{};
      const auto at = block.range(sizeof header + uint64_t{i} * sizeof entry, sizeof entry);
      if (!at) return malformed();
      std::memcpy(&entry, at->data(), sizeof entry);
      const auto bytes = block.range(entry.bytes_at, entry.bytes_size);
      if (!bytes) return malformed();
      switch (entry.kind) {
        case child::DeliveryKind::kEnv: TRY(add_variable(*bytes)); break;
        case child::DeliveryKind::kMaskOnly:
        case child::DeliveryKind::kFile: TRY(add_named(block, entry.name_at, *bytes)); break;
        case child::DeliveryKind::kFd:
        case child::DeliveryKind::kStdin:
          if (descriptor >= views_.size()) return malformed();
          TRY(add_named(block, entry.name_at, views_[descriptor++].bytes()));
          break;
      }
    }
    return {};
  }

  // "NAME=value" and a NUL.
  Status add_variable(std::span<const std::byte> bytes) {
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    const auto* equals = bytes.empty() ? nullptr : static_cast<const char*>(std::memchr(text, '=', bytes.size()));
    if (equals == nullptr || text[bytes.size() - 1] != '\0') return malformed();
    const auto name = static_cast<size_t>(equals - text);
    secrets_.push_back({std::string(text, name), bytes.subspan(name + 1, bytes.size() - name - 2)});
    return {};
  }

  Status add_named(const View& block, uint64_t name_at, std::span<const std::byte> value) {
    const auto rest = block.range(name_at, block.bytes().size() - std::min<uint64_t>(name_at, block.bytes().size()));
    if (!rest || rest->empty()) return malformed();
    if (std::memchr(rest->data(), 0, rest->size()) == nullptr) return malformed();
    secrets_.push_back({std::string(reinterpret_cast<const char*>(rest->data())), value});
    return {};
  }

  std::vector<View> views_;
  std::vector<masking::Secret> secrets_;
};

// Why the policy ends this run or withholds a stream: the secret, the form, the stream.
std::string what_leaked(const masking::Masked& event, Stream stream) {
  return cat("the secret ", event.name, " was printed as ", masking::name_of(event.form), " on ", name_of(stream));
}

class StringSink : public masking::Sink {
 public:
  StringSink(std::string& out, Stream stream) : out_(out), stream_(stream) {}
  void write(std::span<const std::byte> bytes) override {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void masked(const masking::Masked& event) override {
    if (event.action == OnLeak::kMask) return;
    leaked_ = what_leaked(event, stream_);
    ends_run_ = event.action == OnLeak::kKill;
  }
  Status verdict(const MaskingFilter::OnRemark& on_remark) const {
    if (leaked_.empty()) return {};
    if (ends_run_) return Error{ErrorKind::kRefused, 0, cat("output.on-leak = \"kill\" ends this run: ", leaked_)};
    on_remark(cat("output.on-leak = \"withhold\": the rest of ", name_of(stream_), " is withheld: ", leaked_));
    return {};
  }

 private:
  std::string& out_;
  Stream stream_;
  std::string leaked_;
  bool ends_run_ = false;
};

OnLeak on_leak_of(policy::Output::OnLeak word) {
  switch (word) {
    case policy::Output::OnLeak::kKill: return OnLeak::kKill;
    case policy::Output::OnLeak::kWithhold: return OnLeak::kWithhold;
    case policy::Output::OnLeak::kMask: return OnLeak::kMask;
  }
  return OnLeak::kKill;
}

}  // namespace

const char* name_of(Stream stream) {
  switch (stream) {
    case Stream::kOutput: return "stdout";
    case Stream::kError: return "stderr";
    case Stream::kTerminal: return "terminal";
  }
  return "";
}

masking::MaskOptions mask_options(const policy::Output& policy) {
  return {.partial = policy.partial == policy::Output::Partial::kOn ? masking::Partial::kOn : masking::Partial::kOff,
          .on_leak = on_leak_of(policy.on_leak),
          .mask_anyway = policy.mask_anyway};
}

Status MaskingFilter::load(std::span<const UniqueFd> delivery) {
  const SecretReader reader = TRY(SecretReader::of(delivery));
  std::vector<masking::Secret> chosen;
  for (const masking::Secret& secret : reader.secrets()) {
    if (std::ranges::find(plan_.names, secret.name) == plan_.names.end()) continue;
    if (secret.value.size() > masking::kMaxValue) {
      warnings_.push_back(
          cat(printable(secret.name), " is not masked: it is larger than ", masking::kMaxValue >> 10, " KiB"));
      continue;
    }
    chosen.push_back(secret);
  }
  // All or none: what failed half-way must look like what was never loaded, or loaded before.
  auto tables = std::make_unique<masking::Tables>(TRY(masking::Tables::create(chosen, plan_.options)));
  std::vector<masking::StreamMasker> maskers;
  for (size_t i = 0; i < kStreams; ++i) maskers.push_back(TRY(masking::StreamMasker::create(*tables)));
  for (const std::string& warning : tables->warnings()) warnings_.push_back(warning);
  maskers_ = std::move(maskers);  // before the tables that the old ones look into
  tables_ = std::move(tables);
  return {};
}

std::span<std::byte> MaskingFilter::buffer(Stream stream) {
  return is_loaded() ? of(stream).buffer() : std::span<std::byte>();
}

Status MaskingFilter::feed(Stream stream, size_t count, int64_t now_ms, std::string& out) {
  StringSink sink(out, stream);
  TRY(of(stream).feed(count, now_ms, sink));
  return sink.verdict(on_remark_);
}

std::optional<int64_t> MaskingFilter::deadline_ms(Stream stream) const {
  return is_loaded() ? of(stream).deadline_ms() : std::nullopt;
}

Status MaskingFilter::idle(Stream stream, int64_t now_ms, std::string& out) {
  StringSink sink(out, stream);
  of(stream).flush_idle(now_ms, sink);
  return sink.verdict(on_remark_);
}

Status MaskingFilter::finish(Stream stream, std::string& out) {
  if (!is_loaded()) return {};  // the launch failed before there was any output
  StringSink sink(out, stream);
  of(stream).finish(sink);
  return sink.verdict(on_remark_);
}

std::vector<MaskingFilter::StreamCount> MaskingFilter::counts() const {
  std::vector<StreamCount> all;
  if (!is_loaded()) return all;
  for (const Stream stream : {Stream::kOutput, Stream::kError, Stream::kTerminal})
    for (masking::Count& count : of(stream).counts()) all.push_back({stream, std::move(count)});
  return all;
}

}  // namespace confide::supervisor
