// Where a run's secrets come from: the broker, over its socket, once the child stands.
#pragma once

#include <vector>

#include "launcher/launcher.h"
#include "supervisor/masking_filter.h"

namespace confide::supervisor {

class BrokerSecrets : public launcher::SecretSource {
 public:
  // `filter` (may be null) is loaded with the secrets before they go on to the child.
  BrokerSecrets(int socket, MaskingFilter* filter) : socket_(socket), filter_(filter) {}
  Result<std::vector<UniqueFd>> take() override;
  void handed_over() override;

 private:
  int socket_;
  MaskingFilter* filter_;
};

}  // namespace confide::supervisor
