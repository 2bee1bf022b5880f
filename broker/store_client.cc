#include "broker/store_client.h"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "base/fd_message.h"
#include "base/sys.h"
#include "broker/signals.h"
#include "policy/reference.h"

namespace confide::broker {
namespace {

// The answer is in the message's descriptor.
Result<StoreReply> hear_answer(const OneShot& broker) {
  const HeardReply heard = TRY(hear(broker, 1));
  if (!std::holds_alternative<Answered>(heard.reply) || heard.fds.size() != 1)
    return Error{ErrorKind::kInternal, 0, "the broker answered another question"};
  return decode_store_reply(TRY(sys::read_all(heard.fds.front().get(), kMaxStoreReplyBytes, "the answer")));
}

}  // namespace

Result<StoreReply> ask_store(StoreOrder order) {
  StoreRequest request{.operation = std::move(order.operation)};
  std::vector<int> fds = {-1, order.environ_fd};
  const auto add = [&](int fd) {
    fds.push_back(fd);
    return static_cast<uint32_t>(fds.size() - 1);
  };
  const UniqueFd terminal = open_terminal();
  if (terminal.valid()) request.terminal = add(terminal.get());
  if (order.input.valid()) request.input = add(order.input.get());
  if (order.output >= 0) request.output = add(order.output);
  for (const std::string& text : order.references) {
    const auto reference = policy::parse_reference(text);
    if (!reference) continue;  // the broker says so
    const auto* descriptor = std::get_if<policy::Descriptor>(&reference->parts);
    const int number = descriptor != nullptr                         ? descriptor->number
                       : reference->scheme == policy::Scheme::kStdin ? 0
                                                                     : -1;
    if (number >= 0 && ::fcntl(number, F_GETFD) >= 0)
      request.descriptors.push_back({static_cast<uint32_t>(number), add(number)});
  }
  const UniqueFd bytes = TRY(sys::memfd_with("confide-request", encode(request)));
  fds[static_cast<size_t>(Slot::kRequest)] = bytes.get();

  const Forwarder signals;
  const TerminalState state;
  OneShot broker = TRY(OneShot::start(Duty::kStore, order.folders));
  // A broker that ends at once says why before it hears.
  (void)sys::send_message(broker.socket(), kStoreMessage, fds);
  for (;;) {
    pollfd polled[] = {{broker.socket(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) return sys::errno_error("poll");
    if (polled[0].revents != 0) return hear_answer(broker);
    if (polled[1].revents != 0 && signals.wants_the_end()) {
      broker.abandon(signals);
      return Error{ErrorKind::kRefused, 0, "interrupted"};
    }
  }
}

}  // namespace confide::broker
