#include "agents/hook_event.h"

namespace confide::agents {

const char* name_of(Client client) { return client == Client::kCodex ? "codex" : "claude"; }

std::optional<Client> client_named(std::string_view name) {
  if (name == "codex") return Client::kCodex;
  if (name == "claude") return Client::kClaude;
  return {};
}

}  // namespace confide::agents
