// What a failed call of a provider means: exit status and standard error in, one sentence for a person out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "secrets/providers/provider.h"

namespace confide::secrets {

struct Failure {
  Meaning meaning = Meaning::kFailed;
  std::string text;         // "op: not signed in: run `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN"
  std::string quoted = {};  // of what the program said, where our own words are not enough; for Error::quoted
};

// How a call ended.
struct Ending {
  int exit_status = 0;  // 128+N for signal N
  bool timed_out = false;
  std::string_view error_text;  // of its standard error, bounded
};

// Takes every value that is known out of a text (a run's values so far, the credentials that the program was given).
using Redact = std::function<std::string(std::string_view)>;

// A known failure is told in our words only. Of an unknown one the last line of standard error is quoted, apart from
// them: redacted, without words that look like a credential, printable, at most kMaxQuoted bytes.
inline constexpr size_t kMaxQuoted = 300;
Failure explain_failure(const Provider& provider, const Ending& ending, const Redact& redact);

// A failure that no program told of.
Failure failure_of(const Provider& provider, Meaning meaning, std::string_view detail);

}  // namespace confide::secrets
