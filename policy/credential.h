// Whether a variable looks like a credential: by its name, or by the shape of its value. A net with known holes, and no
// promise: what nobody has told confide about can only be guessed. Pure, no allocation, one pass over the value.
//
// Names are taken apart at every character that is no letter or digit, case aside: a word TOKEN, SECRET, PASSWORD, … or
// a last word KEY, and families such as AWS_*. Harmless names that would match (AWS_REGION, MAX_TOKENS, SSH_TTY, a path
// in NAME_FILE) are named in a table. Values are looked at for prefixes that vendors give their tokens (ghp_, sk-,
// AKIA, …), JSON web tokens, private keys, URLs with a password, connection strings, and long strings that look drawn
// by lot.
#pragma once

#include <string_view>

namespace confide::policy {

// Why it looks like one, as a short phrase ("named like a token", "a GitHub token by its form"); empty if it does not.
// The phrase is static and never holds any of the value. An empty value is no credential whatever its name.
std::string_view looks_like_credential(std::string_view name, std::string_view value);

// The two halves, for who has only one.
std::string_view credential_by_name(std::string_view name, std::string_view value);
std::string_view credential_by_value(std::string_view name, std::string_view value);

}  // namespace confide::policy
