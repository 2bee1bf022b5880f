// From a reference to its value. Here: the schemes that need no provider (file, env, fd, stdin) and the
// embedded vault, which the caller opens; providers join in the switch of resolve.cc. What each scheme reads and what
// it refuses: docs/references.md.
#pragma once

#include <functional>
#include <vector>

#include "base/unique_fd.h"
#include "policy/reference.h"
#include "secrets/environ.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

// Whether this build can resolve references of the scheme.
bool is_supported(policy::Scheme scheme);

// A descriptor that the person's shell opened, by the number that it has there. Reading it closes it.
struct HandedDescriptor {
  int number = -1;
  UniqueFd fd;
};

// What the person handed over for one run. Nothing else of the caller's is looked at.
struct ResolveContext {
  SecretArena& arena;
  const Environ* environ = nullptr;  // for env:NAME; nullptr: none was handed over
  std::vector<HandedDescriptor> descriptors;
  UniqueFd standard_input;
  // The embedded vault (confide://); absent: there is none in this run.
  std::function<Result<SecretBuffer>(const policy::StoredSecret& secret)> stored = {};
  size_t limit = kMaxSecretBytes;
};

// The value, byte for byte. What cannot be resolved is an error of kind kRefused that begins with the reference; memory
// that cannot be locked is one of kind kUnsupported. Never waits for a file; waits for fd: and stdin: to end.
Result<SecretBuffer> resolve(const policy::Reference& reference, ResolveContext& context);

}  // namespace confide::secrets
