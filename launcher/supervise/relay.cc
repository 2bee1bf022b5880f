#include "launcher/supervise/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

constexpr size_t kChunk = 65536;
constexpr size_t kMaxWaiting = 256 * 1024;
constexpr size_t kPage = 4096;

const char* name_of(Stream stream) {
  switch (stream) {
    case Stream::kOutput: return "standard output";
    case Stream::kError: return "standard error";
    case Stream::kTerminal: return "terminal";
  }
  return "";
}

// write(2) on what may block: poll(2) has said that there is room, but another may have been faster, and a terminal may
// have room for less. A signal ends it then, with what was written until then; and again, should the first have come
// too early.
ssize_t write_for_a_moment(int fd, std::string_view bytes) {
  struct sigaction before {};
  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) {};
  (void)::sigaction(SIGALRM, &interrupt, &before);
  sigset_t alarm;
  sigset_t blocked;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  (void)::sigprocmask(SIG_UNBLOCK, &alarm, &blocked);
  constexpr timeval kMoment{0, 10'000};
  const itimerval moments{kMoment, kMoment};
  (void)::setitimer(ITIMER_REAL, &moments, nullptr);
  const ssize_t n = ::write(fd, bytes.data(), bytes.size());
  const int error = errno;
  constexpr itimerval kOff{};
  (void)::setitimer(ITIMER_REAL, &kOff, nullptr);
  (void)::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  (void)::sigaction(SIGALRM, &before, nullptr);
  errno = error;
  return n;
}

}  // namespace

PatientWriter::PatientWriter(int fd) : fd_(fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return;
  if (S_ISSOCK(found.st_mode)) {
    how_ = How::kSocket;
  } else if (S_ISREG(found.st_mode)) {
    how_ = How::kFile;
  } else if (S_ISCHR(found.st_mode) && found.st_rdev == makedev(5, 2)) {
    // A pty's master: opening it anew would make another pty. It is ours alone and does not block (run.cc).
    how_ = How::kAsItIs;
  } else if (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode)) {
    own_.reset(::open(cat("/proc/self/fd/", fd).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (own_.valid()) how_ = How::kAsItIs;
  }
}

Result<size_t> PatientWriter::write(std::string_view bytes) {
  const ssize_t n = how_ == How::kSocket       ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                    : how_ == How::kForAMoment ? write_for_a_moment(fd_, bytes.substr(0, kPage))
                                               : ::write(fd(), bytes.data(), bytes.size());
  if (n >= 0) return static_cast<size_t>(n);
  if (errno == EAGAIN || errno == EINTR) return size_t{0};
  return sys::errno_error("write");
}

bool PatientWriter::says_reader_is_gone(const Error& error) const {
  // EIO: of a terminal that was hung up, or of a disk.
  return error.errnum == EPIPE || error.errnum == ECONNRESET || (error.errnum == EIO && how_ != How::kFile);
}

Relay::Relay(int from, int to, OutputFilter* filter, Stream stream)
    : from_(from), target_(to), to_(to), filter_(filter), stream_(stream), plain_(filter == nullptr ? kChunk : 0) {}

void Relay::let_go() {
  to_.close_own();
  sys::let_go_of(target_);
}

void Relay::prepare(std::vector<pollfd>& polled) {
  read_slot_ = write_slot_ = SIZE_MAX;
  const bool can_read = filter_ == nullptr || !filter_->buffer(stream_).empty();
  if (!ended_ && can_read && waiting_.size() - written_ < kMaxWaiting) {
    read_slot_ = polled.size();
    polled.push_back({from_, POLLIN, 0});
  }
  if (!waiting_.empty() && !broken_) {
    write_slot_ = polled.size();
    polled.push_back({to_.fd(), POLLOUT, 0});
  }
}

Status Relay::step(const std::vector<pollfd>& polled, int64_t now_ms) {
  Status read;
  if (read_slot_ != SIZE_MAX && polled[read_slot_].revents != 0) read = read_some(now_ms);
  if (read && filter_ != nullptr && !ended_) {
    const auto deadline = filter_->deadline_ms(stream_);
    if (deadline && now_ms >= *deadline) read = filter_->idle(stream_, now_ms, waiting_);
  }
  // Tried at once, not only when poll said so: the usual case costs no extra round. And also what a filter passed
  // before it ended the run.
  const bool may_write = !to_.waits_for_poll() || (write_slot_ != SIZE_MAX && polled[write_slot_].revents != 0);
  if (!waiting_.empty() && !broken_ && may_write) TRY(write_some());
  return read;
}

std::optional<int64_t> Relay::deadline_ms() const {
  return filter_ != nullptr && !ended_ ? filter_->deadline_ms(stream_) : std::nullopt;
}

Status Relay::read_some(int64_t now_ms) {
  const std::span<std::byte> buffer = filter_ != nullptr ? filter_->buffer(stream_) : std::span<std::byte>(plain_);
  const ssize_t n = ::read(from_, buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (n <= 0) return end();  // EIO: the last process has closed the pty's other side
  const auto count = static_cast<size_t>(n);
  if (broken_) return {};  // drained and dropped
  if (filter_ != nullptr) return filter_->feed(stream_, count, now_ms, waiting_);
  waiting_.append(reinterpret_cast<const char*>(buffer.data()), count);
  return {};
}

Status Relay::end() {
  if (ended_) return {};
  ended_ = true;
  return filter_ != nullptr ? filter_->finish(stream_, waiting_) : Status{};
}

// Once: what was not taken waits for poll(2), which alone knows that more would not block.
Status Relay::write_some() {
  auto taken = to_.write(std::string_view(waiting_).substr(written_));
  if (!taken) {
    if (!to_.says_reader_is_gone(taken.error())) return with_context(name_of(stream_), taken.error());
    broken_ = true;
    waiting_.clear();
    written_ = 0;
    return {};
  }
  written_ += *taken;
  // What is left moves to the front when there is less of it than of what goes: each byte moves once at most.
  if (written_ >= waiting_.size() - written_) {
    waiting_.erase(0, written_);
    written_ = 0;
  }
  return {};
}

}  // namespace confide::launcher
