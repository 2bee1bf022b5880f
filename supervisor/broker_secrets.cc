#include "supervisor/broker_secrets.h"

#include "base/fd_message.h"
#include "launcher/child/delivery_block.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {

Result<std::vector<UniqueFd>> BrokerSecrets::take() {
  const char standing = static_cast<char>(ToBroker::kStanding);
  TRY(sys::send_message(socket_, {&standing, 1}));
  auto message = TRY(sys::receive_message(socket_, 16, child::kMaxDeliveries + 1));
  if (message.fds.empty())
    return Error{ErrorKind::kLaunch, 0, "the broker went away before it handed over the secrets"};
  if (filter_ != nullptr) TRY(filter_->load(message.fds));
  return std::move(message.fds);
}

void BrokerSecrets::handed_over() {
  const char done = static_cast<char>(ToBroker::kHandedOver);
  (void)sys::send_message(socket_, {&done, 1});
}

}  // namespace confide::supervisor
