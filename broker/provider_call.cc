#include "broker/provider_call.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "base/fd_message.h"
#include "base/sys.h"
#include "broker/delivery_block.h"
#include "broker/pipe_reader.h"
#include "broker/protocol.h"

namespace confide::broker {
namespace {

// The supervisor ends a call in time by itself; this is for one that does not.
constexpr int64_t kPatienceMs = 10'000;
constexpr size_t kMaxMessage = size_t{128} << 10;
constexpr int64_t kTimeToGiveBackMs = 5'000;

}  // namespace

// One call that is under way.
class Flight {
 public:
  static Result<std::unique_ptr<Flight>> start(const Spawner& spawner, const Call& call) {
    auto out = TRY(sys::pipe());
    auto err = TRY(sys::pipe());
    auto broker = TRY(sys::seqpacket_pair());
    auto caller = TRY(sys::seqpacket_pair());
    supervisor::Assignment assignment{.task = supervisor::Task::kProvider, .provider = call.order};
    for (const secrets::PreparedSecret& variable : call.variables)
      assignment.slots.push_back({variable.name, variable.how, "provider", supervisor::Shown::kPlain});
    const UniqueFd order = TRY(sys::memfd_with("confide-assignment", supervisor::encode(assignment)));
    const UniqueFd null = TRY(sys::openat(AT_FDCWD, "/dev/null", O_RDONLY));
    auto flight = std::make_unique<Flight>(
        TRY(DeliveryBlock::create(call.variables)), TRY(PipeReader::create(std::move(out.read), kMaxProviderOutput)),
        TRY(PipeReader::create(std::move(err.read), kMaxProviderErrors)),
        sys::monotonic_ms() + std::max<int64_t>(call.order.timeout_ms, call.patience_ms) + kPatienceMs, call.mark);
    TRY(spawner.start_supervisor(std::vector<int>{null.get(), out.write.get(), err.write.get(), broker.right.get(),
                                                  caller.right.get(), null.get(), order.get()}));
    flight->broker_ = std::move(broker.left);
    flight->caller_ = std::move(caller.left);
    return flight;
  }

  Flight(DeliveryBlock block, PipeReader output, PipeReader errors, int64_t deadline, std::string mark)
      : block_(std::move(block)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        deadline_(deadline),
        mark_(std::move(mark)) {}

  void add_to(std::vector<pollfd>& polled) const {
    for (const int fd : {output_.fd(), errors_.fd(), broker_.get(), caller_.get()}) polled.push_back({fd, POLLIN, 0});
  }
  static constexpr size_t kPolled = 4;

  // True once the call is over.
  bool serve(const pollfd* polled, CallResult& result) {
    const auto served = act(polled, result);
    if (!served) result.failed = served.error();
    if (served && has_answered()) return true;
    if (!over_ && served && sys::monotonic_ms() < deadline_) return false;
    if (!over_ && served) result.failed = Error{ErrorKind::kLaunch, 0, "the provider's supervisor does not answer"};
    return true;
  }

  Status finish(CallResult& result, secrets::SecretArena& arena) {
    if (result.failed) return {};
    // What was written before the end is in the pipes; somebody else may still hold their other side.
    TRY(output_.read_available());
    TRY(errors_.read_available());
    if (output_.overflowed()) return too_much();
    result.output = TRY(output_.take(arena));
    result.error_text = TRY(errors_.take(arena));
    return {};
  }

  // Complete, and still there.
  bool has_answered() const { return !over_ && !mark_.empty() && output_.ends_with(mark_); }

  void ask_to_end() {
    const int32_t signal = SIGTERM;
    (void)::send(caller_.get(), &signal, sizeof signal, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // Until it has ended or the time is over.
  void wait_for_end(int64_t deadline) {
    CallResult ignored;
    while (!over_ && sys::monotonic_ms() < deadline) {
      std::vector<pollfd> polled;
      add_to(polled);
      const auto left = static_cast<int>(std::max<int64_t>(deadline - sys::monotonic_ms(), 0));
      if (::poll(polled.data(), polled.size(), left) < 0) continue;
      if (!act(polled.data(), ignored)) return;
    }
  }

 private:
  static Error too_much() { return {ErrorKind::kRefused, 0, "it printed more than a secret can be"}; }

  Status act(const pollfd* polled, CallResult& result) {
    if (polled[0].revents != 0) {
      TRY(output_.read_available());
      if (output_.overflowed()) return too_much();
    }
    if (polled[1].revents != 0) TRY(errors_.read_available());
    if (polled[2].revents != 0) TRY(hear_broker_side());
    if (polled[3].revents != 0) TRY(hear_caller_side(result));
    return {};
  }

  Status hear_broker_side() {
    const auto message = TRY(sys::receive_message(broker_.get(), 16));
    if (message.bytes.empty()) {
      broker_.reset();
      return {};
    }
    switch (static_cast<supervisor::ToBroker>(message.bytes[0])) {
      case supervisor::ToBroker::kStanding: return sys::send_message(broker_.get(), "secrets", block_.descriptors());
      case supervisor::ToBroker::kHandedOver: block_.wipe(); return {};
    }
    return {};
  }

  Status hear_caller_side(CallResult& result) {
    const auto message = TRY(sys::receive_message(caller_.get(), kMaxMessage));
    if (message.bytes.empty()) return Error{ErrorKind::kLaunch, 0, "the provider's supervisor ended without a word"};
    const supervisor::RunMessage said = TRY(supervisor::decode_message(message.bytes));
    if (const auto* failed = std::get_if<supervisor::FailedMessage>(&said))
      return Error{failed->kind, failed->errnum, failed->what};
    if (const auto* ended = std::get_if<supervisor::EndedMessage>(&said)) {
      result.ended = *ended;
      over_ = true;
    }
    return {};
  }

  DeliveryBlock block_;
  PipeReader output_;
  PipeReader errors_;
  UniqueFd broker_;
  UniqueFd caller_;
  int64_t deadline_;
  std::string mark_;
  bool over_ = false;
};

Resident::Resident(std::unique_ptr<Flight> flight) : flight_(std::move(flight)) {}
Resident::Resident(Resident&&) noexcept = default;
Resident& Resident::operator=(Resident&&) noexcept = default;
Resident::~Resident() = default;

void end_residents(std::vector<Resident> residents) {
  for (const Resident& resident : residents) resident.flight_->ask_to_end();
  const int64_t deadline = sys::monotonic_ms() + kTimeToGiveBackMs;
  for (const Resident& resident : residents) resident.flight_->wait_for_end(deadline);
}

namespace {

class Calls {
 public:
  Calls(const Spawner& spawner, std::vector<Call> calls, secrets::SecretArena& arena)
      : spawner_(spawner), calls_(std::move(calls)), arena_(arena), results_(calls_.size()), flights_(calls_.size()) {}

  std::vector<CallResult> run() {
    for (;;) {
      start_what_may();
      if (busy_.empty()) return std::move(results_);
      wait();
    }
  }

 private:
  void start_what_may() {
    for (size_t i = 0; i < calls_.size() && busy_.size() < kMaxCallsAtOnce; ++i) {
      if (started_.contains(i) || busy_lanes_.contains(calls_[i].lane)) continue;
      started_.insert(i);
      auto flight = Flight::start(spawner_, calls_[i]);
      if (!flight) {
        results_[i].failed = flight.error();
        continue;
      }
      flights_[i] = std::move(*flight);
      busy_.push_back(i);
      busy_lanes_.insert(calls_[i].lane);
    }
  }

  void wait() {
    std::vector<pollfd> polled;
    for (const size_t i : busy_) flights_[i]->add_to(polled);
    polled.push_back({kClientFd, 0, 0});
    constexpr int kLookAtClockMs = 1000;
    if (::poll(polled.data(), polled.size(), kLookAtClockMs) < 0) {
      if (errno != EINTR) return;
      for (pollfd& one : polled) one.revents = 0;
    }
    if ((polled.back().revents & (POLLHUP | POLLERR)) != 0) return give_up();
    const std::vector<size_t> were_busy = busy_;
    for (size_t n = 0; n < were_busy.size(); ++n) {
      const size_t i = were_busy[n];
      if (!flights_[i]->serve(&polled[n * Flight::kPolled], results_[i])) continue;
      const bool stays = flights_[i]->has_answered();
      if (const auto finished = flights_[i]->finish(results_[i], arena_); !finished)
        results_[i].failed = finished.error();
      if (stays && !results_[i].failed) results_[i].resident.emplace(std::move(flights_[i]));
      flights_[i].reset();
      std::erase(busy_, i);
      busy_lanes_.erase(calls_[i].lane);
    }
  }

  // Nobody waits for an answer any more. What runs may have borrowed something meanwhile.
  void give_up() {
    std::vector<Resident> running;
    for (auto& flight : flights_)
      if (flight) running.emplace_back(std::move(flight));
    end_residents(std::move(running));
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (std::ranges::find(busy_, i) != busy_.end() || !started_.contains(i))
        results_[i].failed = Error{ErrorKind::kLaunch, 0, "the client went away"};
      started_.insert(i);
    }
    busy_.clear();
    busy_lanes_.clear();
  }

  const Spawner& spawner_;
  std::vector<Call> calls_;
  secrets::SecretArena& arena_;
  std::vector<CallResult> results_;
  std::vector<std::unique_ptr<Flight>> flights_;
  std::vector<size_t> busy_;
  std::set<size_t> busy_lanes_;
  std::set<size_t> started_;
};

}  // namespace

std::vector<CallResult> run_calls(const Spawner& spawner, std::vector<Call> calls, secrets::SecretArena& arena) {
  return Calls(spawner, std::move(calls), arena).run();
}

}  // namespace confide::broker
