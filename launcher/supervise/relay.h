// Carries bytes between the caller's descriptors and the sandbox's, through an OutputFilter where there is one. Driven
// by poll(2); never blocks, so that a reader who stopped reading delays neither a signal nor the end of a run. What
// waits to be written is bounded: a full queue stops the reading side, and with it the command.
#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/output_filter.h"

namespace confide::launcher {

// A descriptor that is written without blocking, though the file it refers to may be shared with others who want it to
// block: a terminal or pipe is opened anew with O_NONBLOCK of its own, a socket is written with MSG_DONTWAIT, a regular
// file as it is. Another user's terminal or pipe (su, sudo -u) cannot be opened anew: it is written a page at a time,
// when poll(2) says that it takes something, and for a hundredth of a second at most.
class PatientWriter {
 public:
  explicit PatientWriter(int fd);
  int fd() const { return own_.valid() ? own_.get() : fd_; }
  void close_own() { own_.reset(); }
  // Whether poll(2) must have answered for this descriptor before a write.
  bool waits_for_poll() const { return how_ == How::kForAMoment; }
  // How many bytes were taken; 0: not now. Errors: kSystem.
  Result<size_t> write(std::string_view bytes);
  // Whether that is a failure of write() which says that nobody reads any more.
  bool says_reader_is_gone(const Error& error) const;

 private:
  int fd_;
  UniqueFd own_;
  enum class How : uint8_t { kAsItIs, kSocket, kFile, kForAMoment } how_ = How::kForAMoment;
};

// One direction of one stream.
class Relay {
 public:
  // Bytes from `from` to `to`; `filter` may be null.
  Relay(int from, int to, OutputFilter* filter, Stream stream);

  // Adds what this relay waits for.
  void prepare(std::vector<pollfd>& polled);
  // Does what is possible now. Errors end the run (a filter's failure, a full disk); a reader that went away ends only
  // this relay.
  Status step(const std::vector<pollfd>& polled, int64_t now_ms);
  std::optional<int64_t> deadline_ms() const;
  // The reading end has no more, and everything is written (or nobody wants it).
  bool done() const { return ended_ && (waiting_.empty() || broken_); }
  bool broken() const { return broken_; }
  // Lets go of where it wrote to, so that the reader sees the end.
  void let_go();
  // Stops reading: nobody will have it.
  void abandon() { ended_ = true; }
  // Stops reading, as if the reading end had no more: what the filter held back is still written.
  Status end();

 private:
  Status read_some(int64_t now_ms);
  Status write_some();

  int from_;
  int target_;
  PatientWriter to_;
  OutputFilter* filter_;
  Stream stream_;
  std::vector<std::byte> plain_;  // where bytes are read to without a filter
  std::string waiting_;           // of it the first written_ bytes have been written
  size_t written_ = 0;
  bool ended_ = false;
  bool broken_ = false;
  size_t read_slot_ = SIZE_MAX;
  size_t write_slot_ = SIZE_MAX;
};

}  // namespace confide::launcher
