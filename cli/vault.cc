// confide vault init|status|rekey|accept-restore|gc: the embedded store as a whole.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide vault init [--key KIND]\n"
    "       confide vault status\n"
    "       confide vault rekey --key KIND\n"
    "       confide vault accept-restore\n"
    "       confide vault gc [--keep N]\n\n"
    "The embedded encrypted store behind confide://NAME. `confide secret set` makes one where there is none.\n\n"
    "  init            make the vault\n"
    "  status          say where it is, how it is locked, what is in it\n"
    "  rekey           lock it in another way\n"
    "  accept-restore  take a restored, older store for the newest one\n"
    "  gc              let go of old versions and of what unfinished writes left\n\n"
    "Options:\n"
    "  --key KIND      passphrase, keyring (a passphrase once a boot), systemd-creds, or file; keyring and file are\n"
    "                  readable by every process of yours (assurance level 0)\n"
    "  --keep N        how many versions of each secret gc keeps (10)\n"
    "  --json          JSON instead of text\n"
    "  --help          this\n\n"
    "examples:\n"
    "  confide vault init --key passphrase\n"
    "  confide vault status --json\n";

constexpr WordOption kOptions[] = {{"--key", WordOption::Takes::kValue}, {"--keep", WordOption::Takes::kValue}};

bool put_state(const broker::VaultState& state, Form form) {
  if (form == Form::kJson) {
    const ordered_json object = {{"path", state.path},    {"key", state.key},         {"level_0", state.level_0},
                                 {"id", state.id},        {"secrets", state.secrets}, {"versions", state.versions},
                                 {"writes", state.writes}};
    return put(object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  return put(cat("vault     ", printable(state.path), "\nkey       ", state.key,
                 state.level_0 ? " (every process of yours can read it: assurance level 0)" : "", "\nsecrets   ",
                 state.secrets, "\nversions  ", state.versions, "\n"));
}

Result<int> run(const Words& words) {
  const std::string word = words.plain().empty() ? "" : words.plain().front();
  broker::StoreOrder order{.operation = broker::DescribeVault{}, .folders = {}};
  Needs needs = Needs::kReading;
  if (word == "init") {
    order.operation = broker::MakeVault{words.value("--key").value_or("")};
    needs = Needs::kWriting;
  } else if (word == "rekey") {
    const auto kind = words.value("--key");
    if (!kind) return Error{ErrorKind::kUsage, 0, "vault rekey takes --key KIND"};
    order.operation = broker::ChangeKey{*kind};
  } else if (word == "accept-restore") {
    order.operation = broker::AcceptRestore{};
  } else if (word == "gc") {
    const auto keep = parse_number(words.value("--keep").value_or("10"));
    if (!keep || *keep < 1 || *keep > 100000) return Error{ErrorKind::kUsage, 0, "--keep takes a number from 1"};
    order.operation = broker::CollectGarbage{static_cast<uint32_t>(*keep)};
  } else if (word != "status") {
    return unknown_word("vault", word, {"init", "status", "rekey", "accept-restore", "gc"});
  }
  if (words.plain().size() > 1) return Error{ErrorKind::kUsage, 0, cat("vault ", word, " takes no further word")};
  const broker::Answer answer = TRY(ask(std::move(order), needs));
  if (const auto* state = std::get_if<broker::VaultState>(&answer)) return put_state(*state, words.form()) ? 0 : 125;
  if (const auto* gone = std::get_if<broker::CollectedRows>(&answer)) {
    const std::string text =
        words.form() == Form::kJson
            ? ordered_json{{"versions", gone->versions}, {"files", gone->files}}.dump() + "\n"
            : cat("let go of ", gone->versions, " versions and ", gone->files, " files of unfinished writes\n");
    return put(text) ? 0 : 125;
  }
  return Error{ErrorKind::kInternal, 0, "the broker answered another question"};
}

}  // namespace

int vault_verb(Arguments arguments) {
  const auto words = Words::parse("vault", arguments, kOptions);
  if (!words) return fail(words.error());
  if (words->has("--help")) return put(kHelp) ? 0 : 125;
  const auto code = run(*words);
  return code ? *code : fail(code.error(), words->form());
}

}  // namespace confide::cli
