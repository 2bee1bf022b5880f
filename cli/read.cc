// confide read REF: one value, to a person's terminal or to a descriptor of a script of theirs.
#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace confide::cli {
namespace {

constexpr const char* kHelp =
    "usage: confide read REFERENCE [--to-fd N]\n\n"
    "Prints a value on this terminal; of the embedded vault after its passphrase, where it has one. Prefer `confide "
    "run`,\n"
    "which gives the value to the one command that needs it.\n\n"
    "Options:\n"
    "  --to-fd N  write the bytes to a descriptor, for scripts; not to a file on disk\n"
    "  --json     errors as JSON\n"
    "  --help     this\n\n"
    "examples:\n"
    "  confide read confide://staging/API_KEY\n"
    "  login --password-stdin <<<\"$(confide read --to-fd 1 op://Private/shop/password)\"\n";

constexpr WordOption kOptions[] = {{"--to-fd", WordOption::Takes::kValue}};

Result<int> run(const Words& words) {
  if (words.plain().size() != 1) return Error{ErrorKind::kUsage, 0, "read takes one reference (confide read --help)"};
  const std::string& reference = words.plain().front();
  broker::StoreOrder order{.operation = broker::Disclose{reference, broker::Disclose::To::kPerson}, .folders = {}};
  order.references = {reference};
  order.output = STDOUT_FILENO;
  if (const auto text = words.value("--to-fd")) {
    const auto number = parse_number(*text);
    if (!number || *number > 1 << 20 || ::fcntl(static_cast<int>(*number), F_GETFD) < 0)
      return Error{ErrorKind::kUsage, 0, "--to-fd takes the number of an open descriptor"};
    order.operation = broker::Disclose{reference, broker::Disclose::To::kScript};
    order.output = static_cast<int>(*number);
  }
  TRY(ask(std::move(order), Needs::kReading));
  return 0;
}

}  // namespace

int read_verb(Arguments arguments) {
  const auto words = Words::parse("read", arguments, kOptions);
  if (!words) return fail(words.error());
  if (words->has("--help")) return put(kHelp) ? 0 : 125;
  const auto code = run(*words);
  return code ? *code : fail(code.error(), words->form());
}

}  // namespace confide::cli
