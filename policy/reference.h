// What a reference looks like: where a value lives, as text that is safe to commit and to print. Pure text, no look-up;
// the grammar and its table are docs/references.md. Whether a scheme can be resolved in this build is
// secrets/resolve.h's to say.
//
//   op://Engineering/staging-db/password          vault://kv/staging#api_key?version=3
//   confide://staging/API_KEY                      file:///etc/tokens/api
//
// Errors are of kind kRefused and say the column and the cause. They never repeat the text: what was meant to be a
// reference may be a value that somebody put in the wrong place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace confide::policy {

enum class Scheme : uint8_t {
  kOp,             // op://vault/item/[section/]field[?attribute=otp|totp][?ssh-format=openssh]
  kConfide,        // confide://[environment/]NAME[?version=N]
  kVault,          // vault://mount/path#key[?version=N]
  kConnect,        // connect://vault/item/[section/]field, the grammar of op://
  kSops,           // sops:///file#a.b
  kAge,            // age:///file
  kAwsSm,          // aws-sm://ID[#json-key]
  kGcpSm,          // gcp-sm://project/NAME[?version=N]
  kDoppler,        // doppler://project/config/NAME
  kInfisical,      // infisical://project/environment/[folder/…]NAME
  kPass,           // pass://path[#field]
  kGopass,         // gopass://path[#field]
  kBitwarden,      // bw://item[#field]
  kSecretService,  // secret-service://attribute=value[,attribute=value…]
  kSystemdCred,    // systemd-cred://NAME
  kKeyring,        // keyring://session|user/description
  kExec,           // exec:PROGRAM[/ID]
  kFile,           // file:///absolute/path
  kEnv,            // env:NAME
  kFd,             // fd:N
  kStdin,          // stdin:
};
std::string_view prefix_of(Scheme scheme);  // "op://", "env:"
// The scheme whose prefix stands, exactly as it is spelt, at the front of `text`.
std::optional<Scheme> scheme_of(std::string_view text);
// Whether the scheme names a store of secrets and nothing else, so that a value with its prefix is never meant
// literally (a file:// URL may be).
bool names_a_store(Scheme scheme);

// The parts of each scheme.
struct OpItem {  // op, connect
  std::string vault;
  std::string item;
  std::optional<std::string> section;
  std::string field;
  enum class Attribute : uint8_t { kValue, kOtp, kTotp, kSshOpenSsh } attribute = Attribute::kValue;
  bool operator==(const OpItem&) const = default;
};
struct StoredSecret {       // confide
  std::string environment;  // empty: none
  std::string name;
  std::optional<uint64_t> version;
  bool operator==(const StoredSecret&) const = default;
};
struct VaultEntry {  // vault
  std::string mount;
  std::string path;
  std::string key;
  std::optional<uint64_t> version;
  bool operator==(const VaultEntry&) const = default;
};
struct FileEntry {   // file, age, sops
  std::string path;  // absolute, without empty, "." or ".." parts
  std::string key;   // sops: "a.b"
  bool operator==(const FileEntry&) const = default;
};
struct KeyedEntry {  // aws-sm, pass, gopass, bw
  std::string path;
  std::string key;  // empty: the whole (aws-sm), the first line (pass, gopass), the password (bw)
  bool operator==(const KeyedEntry&) const = default;
};
struct CloudSecret {  // gcp-sm
  std::string project;
  std::string name;
  std::optional<uint64_t> version;
  bool operator==(const CloudSecret&) const = default;
};
struct DopplerSecret {
  std::string project;
  std::string config;
  std::string name;
  bool operator==(const DopplerSecret&) const = default;
};
struct InfisicalSecret {
  std::string project;
  std::string environment;
  std::string folder;  // "/" or "/a/b"
  std::string name;
  bool operator==(const InfisicalSecret&) const = default;
};
struct SecretServiceItem {
  std::vector<std::pair<std::string, std::string>> attributes;
  bool operator==(const SecretServiceItem&) const = default;
};
struct KeyringKey {
  enum class Keyring : uint8_t { kSession, kUser } keyring = Keyring::kSession;
  std::string description;
  bool operator==(const KeyringKey&) const = default;
};
struct ExecSecret {
  std::string program;  // a name without "/"
  std::string id;       // empty: called without an argument
  bool operator==(const ExecSecret&) const = default;
};
struct NamedSecret {  // env, systemd-cred
  std::string name;
  bool operator==(const NamedSecret&) const = default;
};
struct Descriptor {  // fd
  int number = -1;
  bool operator==(const Descriptor&) const = default;
};
struct StandardInput {  // stdin
  bool operator==(const StandardInput&) const = default;
};
using Parts =
    std::variant<OpItem, StoredSecret, VaultEntry, FileEntry, KeyedEntry, CloudSecret, DopplerSecret, InfisicalSecret,
                 SecretServiceItem, KeyringKey, ExecSecret, NamedSecret, Descriptor, StandardInput>;

struct Reference {
  Scheme scheme = Scheme::kStdin;
  std::string text;  // as it was written
  Parts parts = StandardInput{};
  bool operator==(const Reference&) const = default;
};

// Text longer than this is no reference.
inline constexpr size_t kMaxReferenceBytes = 16384;

Result<Reference> parse_reference(std::string_view text);

// Whether a value is meant as a reference: it has a scheme in front. For env:, fd:, stdin: and exec: the whole must
// fit, because their prefixes are common in plain values.
bool looks_like_reference(std::string_view text);

// The scheme that was probably meant where the prefix before "://" is a known one in another case or with one slip
// ("OP://", "opp://", "valut://"). Where a reference is not demanded such text is a plain value; callers refuse it all
// the same, so that no unresolved reference reaches a program.
std::optional<Scheme> misspelt_scheme(std::string_view text);

// A variable inside text: $NAME, ${NAME} (white space around NAME is dropped) or ${NAME:-default}. NAME is letters,
// digits and "_", not a digit first; the default has no "$", "{", "}" or backslash.
struct VariableTag {
  std::string_view name;
  std::optional<std::string_view> fallback;
  size_t length = 0;  // of the whole tag
  bool operator==(const VariableTag&) const = default;
};
// The tag at the front of `text`, which begins with "$". Nothing where the "$" is plain text ("$", "$2", "${}",
// "${#a}"); an error, the cause only, where it begins like a tag and goes on otherwise (${NAME:?x}, ${NAME%x}, a
// default with a variable in it, no closing brace): a shell would do something else with it.
Result<std::optional<VariableTag>> variable_at(std::string_view text);

// The value of a variable, or nothing. Names are case-insensitive, as `op` documents: an exact match first, then the
// only one that differs in case.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

// `text` with its variables replaced, before it is parsed. The default counts where the variable is not set (an empty
// one is set); a variable without value and default is an error. What was put in is not looked at again. An error names
// a variable only where `text` looks like a reference.
Result<std::string> expand_variables(std::string_view text, const VariableLookup& lookup);

// Whether a variable may have this name: letters, digits, "_", "." and "-", beginning with a letter or "_", at most 255
// bytes. The error says why not and does not repeat the name.
Status check_variable_name(std::string_view name);

// How a value reaches the authorised process.
enum class Deliver : uint8_t {
  kEnv,    // NAME=value in its environment
  kFile,   // a file inside the sandbox: /run/secrets/NAME, or the path that was named
  kFd,     // a sealed memfd, its number in NAME_FD
  kStdin,  // its standard input
};
const char* name_of(Deliver deliver);  // "env", "file", "fd", "stdin"
std::optional<Deliver> parse_deliver(std::string_view word);

// One --secret NAME=REF[,deliver=env|file|fd|stdin][,path=PATH]. REF may hold commas: options are taken from the end
// as long as the last part begins with "deliver=" or "path="; everything before belongs to REF.
struct SecretFlag {
  std::string name;
  Reference reference;
  Deliver deliver = Deliver::kEnv;
  std::string path;  // with kFile: where the file appears; empty: /run/secrets/NAME
  bool operator==(const SecretFlag&) const = default;
};
Result<SecretFlag> parse_secret_flag(std::string_view text);

}  // namespace confide::policy
