// A provider, as data: which program resolves a scheme of references, what it is given, how its output becomes a value,
// and what its failures mean. The rows are secrets/providers/table.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/reference.h"

namespace confide::secrets {

// How a program's standard output becomes the value.
enum class Output : uint8_t {
  kBytes,       // as it is
  kText,        // without one line break at the end
  kFirstLine,   // its first line (pass)
  kLineOfKey,   // what follows "KEY:" and white space, in the first later line that begins so (pass)
  kJson,        // the text at `field` in the JSON document that it is
  kJsonWithin,  // the text at the reference's key in the JSON document that the text at `field` is (aws)
};

// What a failure comes to, whatever the provider calls it.
enum class Meaning : uint8_t {
  kMissingProgram,
  kNotConfigured,
  kNotSignedIn,
  kNoPermission,
  kNoSuchItem,
  kAmbiguous,
  kRateLimited,
  kUnreachable,
  kTimedOut,
  kUnusable,  // it answered, and what it answered is no value
  kFailed,    // anything else
};
std::string_view text_of(Meaning meaning);  // "not signed in"
std::string_view name_of(Meaning meaning);  // "not-signed-in", for programs

inline constexpr int kAnyStatus = -1;
// The first rule that fits decides: the exit status, and the pattern somewhere in standard error, case aside ("" is in
// all).
struct FailureRule {
  int exit_status = kAnyStatus;
  std::string_view pattern;
  Meaning meaning = Meaning::kFailed;
  std::string_view cure;  // a sentence without its end; may be empty
};

// How a row's references are asked for.
enum class Pace : uint8_t {
  kAllAtOnce,
  kOneAtATime,  // it prompts, or counts requests
  kTogether,    // all references of a run in one call, singly only where that fails (op inject)
};

enum class Confined : uint8_t {
  kAlways,
  kNever,           // `why_not` says why
  kWithCredential,  // where one of `credentials` is set: it then needs no socket of the person's
};

// Who resolves a row's references.
enum class How : uint8_t {
  kProgram,  // `program`, started by the supervisor
  kFile,     // the broker reads {found}
  kKeyring,  // the broker asks the kernel: keyctl(2)
  kHttp,     // confide-fetch (fetch/)
};

// Whether a confined row's program has the host's network.
enum class Reach : uint8_t { kNone, kHost };

struct Provider {
  std::string_view name;  // "op"; what `confide provider test` takes
  policy::Scheme scheme = policy::Scheme::kOp;
  How how = How::kProgram;
  std::string_view program;  // looked for in PATH; "{found}": the file of `search`
  std::string_view call;     // what happens where no program is called
  // Each argument is text with fields in braces (arguments.h). `keyed` is for references with a key or section, where
  // that needs another call.
  std::span<const std::string_view> arguments;
  std::span<const std::string_view> keyed_arguments;
  Output output = Output::kText;
  Output keyed_output = Output::kText;
  std::string_view field;        // kJson, kJsonWithin
  std::string_view keyed_field;  // may hold fields in braces
  uint32_t timeout_ms = 30'000;
  Pace pace = Pace::kAllAtOnce;
  Confined confined = Confined::kAlways;
  std::string_view why_not;
  Reach network = Reach::kNone;
  // Variables of the person's shell that it gets where they are set, beside PATH, HOME, USER, LANG and the like
  // ("OP_SESSION_*": all that begin so); `credentials` are those that hold a secret.
  std::span<const std::string_view> variables;
  std::span<const std::string_view> credentials;
  // What of the home a confined one sees, and what it may write there: "~/.aws", "$AWS_CONFIG_FILE".
  std::span<const std::string_view> reads;
  std::span<const std::string_view> writes;
  // Files, one of which must be there and is then the field {found}: "$AGE_IDENTITY_FILE", "/etc/credstore/{name}".
  std::span<const std::string_view> search;
  std::string_view not_found;  // what is said where none is, and what that means
  Meaning not_found_means = Meaning::kNoSuchItem;
  std::span<const FailureRule> failures;
  // A call that succeeds when references can be resolved, where there is one.
  std::span<const std::string_view> probe;
  std::string_view tested;  // against what: docs/providers.md
};

}  // namespace confide::secrets
