// Where a run's secrets come from: the broker, over its socket, once the child stands.
#pragma once

#include <vector>

#include "launcher/launcher.h"

namespace confide::supervisor {

class BrokerSecrets : public launcher::SecretSource {
 public:
  explicit BrokerSecrets(int socket) : socket_(socket) {}
  Result<std::vector<UniqueFd>> take() override;
  void handed_over() override;

 private:
  int socket_;
};

}  // namespace confide::supervisor
