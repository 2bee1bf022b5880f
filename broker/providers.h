// References of outside stores → values: rows chosen, programs called in parallel, failures put into words. Every
// reference gets an answer; the same reference is asked for once.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "broker/provider_call.h"
#include "broker/spawner.h"
#include "policy/reference.h"
#include "secrets/environ.h"
#include "secrets/providers/provider.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

struct ProviderContext {
  const Spawner& spawner;
  const secrets::Environ& environ;  // the person's shell
  secrets::SecretArena& arena;
};

bool has_provider(policy::Scheme scheme);

struct Resolved {
  secrets::SecretBuffer value;
  // Where there is no value: what it comes to, and a sentence that begins with the provider's name.
  std::optional<secrets::Meaning> failed;
  std::string why;
  std::string quoted = {};  // of what the provider's program said; for Error::quoted
};
struct Provided {
  std::vector<Resolved> answers;    // in the order of the references
  std::vector<Resident> residents;  // to be ended with the run
};
// All references have a provider. Waits for the slowest.
Provided resolve_with_providers(std::span<const policy::Reference> references, ProviderContext context);

}  // namespace confide::broker
