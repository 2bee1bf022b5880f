// What a client and the broker say to each other over a SOCK_SEQPACKET socket: one request, one or more replies. The
// request's bytes travel in a memfd (they may be long), everything else beside it as descriptors. Names and references
// only: no value is ever in a message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "supervisor/protocol.h"

namespace confide::broker {

// Descriptors of confide-broker: its client, and folders that the client opened (any of them may be closed).
inline constexpr int kClientFd = 3;
inline constexpr int kVaultFd = 4;
inline constexpr int kConfigFd = 5;
inline constexpr int kBesideFd = 6;
// What a broker is started for, which decides what it may write before it has heard a word.
enum class Duty : uint8_t {
  kRun,    // --once: a run; nothing is written
  kStore,  // --store: the folders above may be written
};
// The first message's text, beside its descriptors.
inline constexpr std::string_view kRunMessage = "run";
inline constexpr std::string_view kStoreMessage = "store";
inline constexpr size_t kMaxRequestBytes = size_t{1} << 20;
inline constexpr size_t kMaxReplyBytes = size_t{128} << 10;  // below the default socket buffer

enum class Verb : uint8_t {
  kDescribe,      // which secrets the request is about, nothing resolved
  kRun,           // resolve them and launch
  kMask,          // resolve them and mask standard input onto standard output
  kProviders,     // the table of providers; sends the first two descriptors
  kTestProvider,  // whether one works: `secrets` holds its name and perhaps a reference; likewise
};

// A descriptor that the client passes for a reference or a file: its place among the message's descriptors.
struct PassedFile {
  std::string path;  // for messages
  uint32_t index = 0;
};
struct PassedTemplate {
  PassedFile file;
  std::string target;  // where it appears inside, filled in
};
struct PassedDescriptor {
  uint32_t number = 0;  // N of fd:N as the client knows it
  uint32_t index = 0;
};

// References that the caller's own variables hold, as `op run` resolves them.
enum class ShellReferences : uint8_t { kIgnore, kResolve };

// Descriptors of a kRun or kMask message, in this order; further ones are named by index. kDescribe sends the first
// two.
enum class Slot : uint32_t { kRequest, kEnviron, kLaunch, kCaller, kStdin, kStdout, kStderr, kFirstFree };

struct Request {
  Verb verb = Verb::kRun;
  supervisor::Masking masking = supervisor::Masking::kOn;  // kOff: a person's own one-shot run only, never an agent's
  supervisor::Tracing tracing = supervisor::Tracing::kOff;
  std::vector<std::string> secrets;  // NAME=REF[,deliver=…]
  std::vector<PassedFile> env_files;
  std::vector<std::string> environments;        // by name; of a variable the last counts
  std::vector<policy::NamedEnvironment> known;  // of the policy in force; looked for here first, then the person's own
  std::vector<PassedTemplate> templates;
  ShellReferences shell = ShellReferences::kIgnore;
  std::vector<PassedDescriptor> descriptors;
  std::optional<uint32_t> terminal;  // where a person can be asked for a passphrase
  std::string cwd = {};              // absolute: where relative paths of files inside begin that the command line names
  std::string project = {};          // and those that an environment names; empty: the same
};
std::string encode(const Request& request);
Result<Request> decode_request(std::string_view bytes);

struct Described {
  std::vector<supervisor::SlotText> secrets;
  std::vector<std::string> warnings;
};
struct Launched {
  std::vector<std::string> warnings;
  std::vector<std::string> names;  // of the run's secrets
  std::vector<supervisor::Lap> laps;
};
struct Refused {
  ErrorKind kind = ErrorKind::kRefused;
  int32_t errnum = 0;
  std::string what;         // every name that failed
  std::string quoted = {};  // Error::quoted
};
// A row of the providers' table, and whether its program is here.
struct ProviderText {
  std::string name;
  std::string scheme;  // "aws-sm://"
  std::string calls;   // "aws secretsmanager get-secret-value …", or what happens instead
  std::string confined;
  std::string tested;
  bool installed = false;
};
struct ProviderList {
  std::vector<ProviderText> rows;
};
struct ProviderTested {
  std::string name;
  std::string meaning;  // "ready", "resolved", or a failure's name: "not-signed-in"
  std::string text;
  bool works = false;
};
struct ProviderTest {
  std::vector<ProviderTested> rows;
};
// The answer to a request of store_protocol.h is in the message's descriptor: it may be long.
struct Answered {};
using Reply = std::variant<Described, Launched, Refused, ProviderList, ProviderTest, Answered>;
std::string encode(const Reply& reply);
Result<Reply> decode_reply(std::string_view bytes);

}  // namespace confide::broker
