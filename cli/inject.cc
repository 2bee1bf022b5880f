// confide inject: a template with references, filled in, to a descriptor.
#include <fcntl.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace confide::cli {
namespace {

constexpr const char* kHelp =
    "usage: confide inject [--in FILE] [--to-fd N | --write-plaintext FILE]\n\n"
    "Fills in a template: {{ references }}, bare op:// references, {{ \"literals\" }} and variables. For a command of "
    "yours\n"
    "prefer `confide run --template`, which shows the result inside the sandbox only.\n\n"
    "Options:\n"
    "  --in FILE               the template; without it standard input\n"
    "  --to-fd N               where to write it; without it standard output. Not a file on disk\n"
    "  --write-plaintext FILE  write it to a new file, mode 0600, where the values stay in plain text\n"
    "  --json                  errors as JSON\n"
    "  --help                  this\n\n"
    "examples:\n"
    "  confide inject --in config.tpl | ssh host 'umask 077; cat > config'\n"
    "  confide run --template config.tpl=/run/secrets/config.yml -- ./serve\n";

constexpr WordOption kOptions[] = {{"--in", WordOption::Takes::kValue},
                                   {"--to-fd", WordOption::Takes::kValue},
                                   {"--write-plaintext", WordOption::Takes::kValue}};

Result<int> run(const Words& words) {
  if (!words.plain().empty()) return Error{ErrorKind::kUsage, 0, "inject takes options only (confide inject --help)"};
  const auto file = words.value("--in");
  const auto number_text = words.value("--to-fd");
  const auto plaintext = words.value("--write-plaintext");
  if (number_text && plaintext) return Error{ErrorKind::kUsage, 0, "--to-fd and --write-plaintext exclude each other"};
  broker::Inject inject{.file = file.value_or("standard input")};
  broker::StoreOrder order{.operation = broker::Operation(), .folders = {}};
  if (file) {
    auto opened = sys::openat(AT_FDCWD, *file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!opened) return Error{ErrorKind::kRefused, 0, cat("--in: ", to_text(opened.error()))};
    order.input = std::move(*opened);
  } else {
    order.input = TRY(sys::duplicate(STDIN_FILENO));
  }
  order.output = STDOUT_FILENO;
  UniqueFd written;
  if (number_text) {
    const auto number = parse_number(*number_text);
    if (!number || *number > 1 << 20 || ::fcntl(static_cast<int>(*number), F_GETFD) < 0)
      return Error{ErrorKind::kUsage, 0, "--to-fd takes the number of an open descriptor"};
    order.output = static_cast<int>(*number);
  }
  if (plaintext) {
    auto opened = sys::openat(AT_FDCWD, *plaintext, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (!opened) return Error{ErrorKind::kRefused, 0, cat("--write-plaintext: ", to_text(opened.error()))};
    written = std::move(*opened);
    order.output = written.get();
    inject.disk = broker::Inject::Disk::kAllowed;
  }
  order.operation = std::move(inject);
  const auto answer = ask(std::move(order), Needs::kReading);
  if (!answer && plaintext) (void)::unlink(plaintext->c_str());
  if (!answer) return answer.error();
  return 0;
}

}  // namespace

int inject_verb(Arguments arguments) {
  const auto words = Words::parse("inject", arguments, kOptions);
  if (!words) return fail(words.error());
  if (words->has("--help")) return put(kHelp) ? 0 : 125;
  const auto code = run(*words);
  return code ? *code : fail(code.error(), words->form());
}

}  // namespace confide::cli
