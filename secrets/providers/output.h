// What a provider printed → the value, in locked memory from end to end.
#pragma once

#include "secrets/providers/provider.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

// Errors: kRefused, the cause only, with nothing of the output. An empty output is one: no store holds an empty secret
// that a program could need.
Result<SecretBuffer> value_from_output(const Provider& provider, const policy::Reference& reference,
                                       SecretBuffer output, SecretArena& arena);

}  // namespace confide::secrets
