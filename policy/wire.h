// Policies and documents as bytes: what the CLI hands to the supervisor, and what the build embeds. See
// policy/archive.h for the form. Decoding takes any bytes: the error is kRefused and says what is wrong with them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/document.h"
#include "policy/policy.h"

namespace confide::policy {

std::string encode(const Policy& policy);
std::string encode(const Document& document);

// A decoded policy keeps what resolve() promises of its values: paths and names are well formed, numbers in bounds.
Result<Policy> decode_policy(std::string_view bytes);
// A decoded document keeps what parse() promises (policy/document.h); references are not checked again.
Result<Document> decode_document(std::string_view bytes);

// What decode_policy checks beyond the encoding; for messages that hold a Policy among other things.
Status check_values(const Policy& policy);

}  // namespace confide::policy
