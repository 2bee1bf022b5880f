#include "broker/vault_key.h"

#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"
#include "broker/provider_call.h"
#include "secrets/resolve.h"

namespace confide::broker {
namespace {

using secrets::as_text;
using secrets::SecretArena;
using secrets::SecretBuffer;

// Bound to the credential: none that was made for something else opens a vault.
constexpr const char* kName = "--name=confide-vault";
// systemd-creds(1), FILES.
constexpr const char* kHostKey = "/var/lib/systemd/credential.secret";
constexpr const char* kProgramPath = "/usr/bin:/bin:/usr/local/bin";
constexpr uint32_t kTimeoutMs = 20'000;

Error refuse(std::string what) { return {ErrorKind::kRefused, 0, std::move(what)}; }

Result<SecretBuffer> call_systemd_creds(const Spawner& spawner, std::vector<std::string> arguments, SecretBuffer input,
                                        SecretArena& arena) {
  Call call{.order = {.program = "systemd-creds",
                      .arguments = std::move(arguments),
                      .path = kProgramPath,
                      .home = {},
                      .reads = {kHostKey},
                      .writes = {},
                      .timeout_ms = kTimeoutMs},
            .variables = {}};
  call.variables.push_back({"INPUT", policy::Deliver::kStdin, std::move(input), {}});
  std::vector<Call> calls;
  calls.push_back(std::move(call));
  CallResult result = std::move(run_calls(spawner, std::move(calls), arena).front());
  if (result.failed && result.failed->kind == ErrorKind::kNotFound)
    return refuse("the vault's key is kept by systemd-creds, which is not installed here");
  if (result.failed) return with_context("systemd-creds", refuse(to_text(*result.failed)));
  if (result.ended.time_limit) return refuse("systemd-creds did not answer in time");
  if (result.ended.exit_code != 0)
    return result.error_text.reveal(
        [](std::span<const std::byte> bytes) { return explain_systemd_failure(as_text(bytes), ::geteuid()); });
  return std::move(result.output);
}

}  // namespace

Error explain_systemd_failure(std::string_view said, uid_t uid) {
  const auto mentions = [&](std::string_view words) { return said.find(words) != std::string_view::npos; };
  const bool of_host_key = mentions("credential host secret") || mentions("credential key");
  if (of_host_key && (mentions("Permission denied") || uid != 0))
    return refuse(
        "the host's key belongs to root, so only root has a vault with --key systemd-creds; take --key passphrase");
  if (of_host_key && (mentions("No such file") || mentions("Read-only")))
    return refuse(
        "this host has no key for credentials: `systemd-creds setup` makes one, which opens nothing that another "
        "sealed");
  if (mentions("Bad message") || mentions("ecryption failed") || mentions("does not match"))
    return refuse("systemd-creds does not open the vault's key: it was sealed on another host, or the file is damaged");
  std::string_view last = trim(said);
  last.remove_prefix(std::min(last.size(), last.rfind('\n') + 1));
  return refuse(cat("systemd-creds failed", last.empty() ? "" : ": ", printable(last.substr(0, 200))));
}

Result<std::string> seal_by_systemd(const Spawner& spawner, const SecretBuffer& key, SecretArena& arena) {
  SecretBuffer copy = TRY(key.reveal([&](std::span<const std::byte> bytes) { return arena.copy_from(bytes); }));
  const SecretBuffer sealed =
      TRY(call_systemd_creds(spawner, {"encrypt", kName, "--with-key=host", "-", "-"}, std::move(copy), arena));
  std::string text = sealed.reveal([](std::span<const std::byte> bytes) { return std::string(as_text(bytes)); });
  if (trim(text).empty()) return refuse("systemd-creds sealed the vault's key into nothing");
  return text;
}

Result<SecretBuffer> unseal_by_systemd(const Spawner& spawner, std::string_view credential, SecretArena& arena) {
  SecretBuffer input = TRY(arena.copy_from(std::as_bytes(std::span(credential))));
  return call_systemd_creds(spawner, {"decrypt", kName, "-", "-"}, std::move(input), arena);
}

}  // namespace confide::broker
