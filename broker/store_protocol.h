// What a client asks of the vault and of environments, and what it hears. Names, times and references only: values come
// by the descriptors that the request names, and leave by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "broker/protocol.h"

namespace confide::broker {

inline constexpr size_t kMaxStoreReplyBytes = size_t{4} << 20;

struct MakeVault {
  std::string key;  // a kind; empty: chosen
};
struct DescribeVault {};
struct AcceptRestore {};
struct ChangeKey {
  std::string key;
};
struct CollectGarbage {
  uint32_t keep = 10;
};

enum class ValueFrom : uint8_t {
  kPrompt,     // typed on the terminal
  kInput,      // the input descriptor, to its end
  kGenerator,  // drawn
};
struct SetSecret {
  enum class Mode : uint8_t { kSet, kRotate } mode = Mode::kSet;  // kRotate: there must be one
  std::string name;
  ValueFrom from = ValueFrom::kPrompt;
  std::string generator;                    // kGenerator; empty with kRotate: the one that made the last
  std::optional<uint64_t> expires_seconds;  // from now
};
struct ListSecrets {};
struct ShowSecret {
  std::string name;
};
struct RemoveSecret {
  std::string name;
};
// A value to the output descriptor.
struct Disclose {
  std::string reference;
  enum class To : uint8_t { kPerson, kScript } to = To::kPerson;  // kPerson: a terminal, after a passphrase
};
// A template from the input descriptor, filled in, to the output descriptor.
struct Inject {
  std::string file;  // its name in messages
  // kAllowed: the person named it so, and the values stay in plain text.
  enum class Disk : uint8_t { kRefused, kAllowed } disk = Disk::kRefused;
};

struct ListEnvironments {};
struct ShowEnvironment {
  std::string name;
};
struct CreateEnvironment {
  std::string name;
};
struct SetVariables {
  std::string environment;
  std::vector<std::string> variables;  // NAME=REF[,deliver=…][,path=…]
};
struct RenameEnvironment {
  std::string from;
  std::string to;
};
struct RemoveEnvironment {
  std::string name;
  std::vector<std::string> variables;  // empty: the whole
};
// The input descriptor is an env file; its plain values go into the vault.
struct ImportEnvironment {
  std::string name;
  std::string file;  // its name in kBesideFd, for a rewrite; else for messages
  enum class Rewrite : uint8_t { kNo, kYes } rewrite = Rewrite::kNo;
};

using Operation =
    std::variant<MakeVault, DescribeVault, AcceptRestore, ChangeKey, CollectGarbage, SetSecret, ListSecrets, ShowSecret,
                 RemoveSecret, Disclose, Inject, ListEnvironments, ShowEnvironment, CreateEnvironment, SetVariables,
                 RenameEnvironment, RemoveEnvironment, ImportEnvironment>;
// The message's descriptors: the request, the caller's environ, then what is named here by index.
struct StoreRequest {
  Operation operation;
  std::optional<uint32_t> terminal;
  std::optional<uint32_t> input;
  std::optional<uint32_t> output;
  std::vector<PassedDescriptor> descriptors;  // fd:N and stdin: of references
};
std::string encode(const StoreRequest& request);
Result<StoreRequest> decode_store_request(std::string_view bytes);

struct Done {};
struct VaultState {
  std::string path;
  std::string key;  // its kind
  bool level_0 = false;
  std::string id;
  uint64_t secrets = 0;
  uint64_t versions = 0;
  uint64_t writes = 0;
};
struct Stored {
  std::string name;
  uint64_t version = 0;
};
struct VersionRow {
  uint64_t number = 0;
  int64_t created = 0;
  uint64_t size = 0;
};
struct SecretRow {
  std::string name;
  uint64_t kept = 0;                 // how many versions
  std::vector<VersionRow> versions;  // the newest alone in a list, else all, the newest last
  std::optional<int64_t> expires;
  std::string generator;
  std::vector<std::string> users;  // environments that name it
};
struct SecretRows {
  std::vector<SecretRow> secrets;
};
struct CollectedRows {
  uint64_t versions = 0;
  uint64_t files = 0;
};
struct VariableRow {
  std::string name;
  std::string reference;  // empty: a plain value, which is not shown
  std::string deliver;
  std::string path;
};
struct EnvironmentRow {
  std::string name;
  std::string file;
  std::vector<VariableRow> variables;
};
struct EnvironmentRows {
  std::vector<EnvironmentRow> environments;
};
struct ImportedRow {
  std::string name;
  std::string reference;
  enum class What : uint8_t { kMoved, kReference, kLeft } what = What::kMoved;
};
struct Imported {
  std::vector<ImportedRow> variables;
  bool rewritten = false;
};
using Answer = std::variant<Done, VaultState, Stored, SecretRows, CollectedRows, EnvironmentRows, Imported>;
struct StoreReply {
  Answer answer;
  std::vector<std::string> notes;  // for a person
};
std::string encode(const StoreReply& reply);
Result<StoreReply> decode_store_reply(std::string_view bytes);

}  // namespace confide::broker
