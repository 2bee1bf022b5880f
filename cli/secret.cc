// confide secret set|rotate|list|show|rm|reveal: single secrets of the vault. Values come from a prompt, standard input
// or a file, by descriptor; never from a word on the command line, and never through this process.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/sys.h"
#include "base/text.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide secret set NAME [--from-file FILE | --generate KIND] [--expires 90d]\n"
    "       confide secret rotate NAME [--from-file FILE | --generate KIND] [--expires 90d]\n"
    "       confide secret list\n"
    "       confide secret show NAME\n"
    "       confide secret rm NAME\n"
    "       confide secret reveal NAME\n\n"
    "Secrets of the embedded vault, by NAME or environment/NAME; confide://NAME is the reference. The value is asked "
    "for\n"
    "on the terminal without echo, or taken from standard input where that is no terminal.\n\n"
    "  set     keep a value; where there is one, it becomes an older version\n"
    "  rotate  the same for a secret that there is; a generated one is generated anew\n"
    "  list    names, ages, versions\n"
    "  show    the versions of one, and which environments name it; no value\n"
    "  rm      remove it with all versions\n"
    "  reveal  print the value on this terminal, after the passphrase\n\n"
    "Options:\n"
    "  --from-file FILE  take the value from a file, byte for byte\n"
    "  --generate KIND   draw it: alnum, hex, base64url, password or uuid, with a length as in alnum:40\n"
    "  --expires 90d     say from when on runs warn that it is old\n"
    "  --json            JSON instead of text\n"
    "  --help            this\n\n"
    "examples:\n"
    "  confide secret set staging/API_KEY\n"
    "  confide secret set DB_PASSWORD --generate alnum:40 --expires 90d\n"
    "  vendor-cli token | confide secret set VENDOR_TOKEN\n"
    "  confide run --secret API_KEY=confide://staging/API_KEY -- ./deploy\n";

constexpr WordOption kOptions[] = {{"--from-file", WordOption::Takes::kValue},
                                   {"--generate", WordOption::Takes::kValue},
                                   {"--expires", WordOption::Takes::kValue}};

ordered_json json_of(const broker::SecretRow& row) {
  ordered_json versions = ordered_json::array();
  for (const broker::VersionRow& version : row.versions)
    versions.push_back({{"version", version.number}, {"created", version.created}, {"bytes", version.size}});
  ordered_json object = {{"name", row.name},
                         {"reference", "confide://" + row.name},
                         {"kept", row.kept},
                         {"versions", versions},
                         {"environments", row.users}};
  if (row.expires) object["expires"] = *row.expires;
  if (!row.generator.empty()) object["generator"] = row.generator;
  return object;
}

std::string line_of(const broker::SecretRow& row) {
  const broker::VersionRow& newest = row.versions.back();
  std::string line = row.name;
  line.resize(std::max<size_t>(line.size() + 2, 34), ' ');
  line += cat("version ", newest.number, ", ", age_of(newest.created));
  if (row.expires)
    line += *row.expires <= ::time(nullptr) ? std::string(", expired") : cat(", expires ", date_of(*row.expires));
  if (!row.users.empty()) line += cat(", in ", join(row.users, ", "));
  return line + "\n";
}

std::string text_of(const broker::SecretRow& row) {
  std::string out = cat("name          ", row.name, "\nreference     confide://", row.name, "\n");
  if (row.expires) out += cat("expires       ", date_of(*row.expires), "\n");
  if (!row.generator.empty()) out += cat("generated as  ", row.generator, "\n");
  out += cat("environments  ", row.users.empty() ? "none" : join(row.users, ", "), "\n");
  for (const broker::VersionRow& version : row.versions)
    out += cat("version ", version.number, "     ", date_of(version.created), " (", age_of(version.created), "), ",
               version.size, " bytes\n");
  return out;
}

bool put_rows(const broker::SecretRows& rows, const std::string& word, Form form) {
  if (form == Form::kJson) {
    ordered_json all = ordered_json::array();
    for (const broker::SecretRow& row : rows.secrets) all.push_back(json_of(row));
    return put((word == "show" && all.size() == 1 ? all[0] : all).dump(2) + "\n");
  }
  std::string out;
  for (const broker::SecretRow& row : rows.secrets) out += word == "show" ? text_of(row) : line_of(row);
  return put(out);
}

bool is_null_device(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev == makedev(1, 3);
}

// Where the value comes from: --generate, --from-file, a standard input that is no terminal, a prompt.
Status choose_value(const Words& words, broker::SetSecret& order, UniqueFd& input) {
  const auto file = words.value("--from-file");
  const auto generator = words.value("--generate");
  if (file && generator) return Error{ErrorKind::kUsage, 0, "--from-file and --generate exclude each other"};
  if (const auto expires = words.value("--expires")) {
    const auto milliseconds = parse_duration_ms(*expires);
    if (!milliseconds || *milliseconds < 1000) return Error{ErrorKind::kUsage, 0, "--expires takes a time, as in 90d"};
    order.expires_seconds = static_cast<uint64_t>(*milliseconds / 1000);
  }
  if (generator) {
    order.from = broker::ValueFrom::kGenerator;
    order.generator = *generator;
    return {};
  }
  if (file) {
    auto opened = sys::openat(AT_FDCWD, *file, O_RDONLY | O_NOCTTY);
    if (!opened)
      return Error{ErrorKind::kRefused, 0, cat("--from-file ", printable(*file), ": ", to_text(opened.error()))};
    input = std::move(*opened);
    order.from = broker::ValueFrom::kInput;
    return {};
  }
  // An empty standard input of a script's is no value: /dev/null is passed over, so that a prompt or an error follows.
  if (::isatty(STDIN_FILENO) != 1 && !is_null_device(STDIN_FILENO)) {
    input = TRY(sys::duplicate(STDIN_FILENO));
    order.from = broker::ValueFrom::kInput;
  }
  return {};
}

Result<int> run(const Words& words) {
  const std::string word = words.plain().empty() ? "" : words.plain().front();
  const bool names_one = word != "list";
  broker::StoreOrder order{.operation = broker::ListSecrets{}, .folders = {}};
  Needs needs = Needs::kReading;
  if (word != "set" && word != "rotate" && word != "list" && word != "show" && word != "rm" && word != "reveal")
    return unknown_word("secret", word, {"set", "rotate", "list", "show", "rm", "reveal"});
  if (words.plain().size() != (names_one ? 2U : 1U))
    return Error{ErrorKind::kUsage, 0,
                 names_one ? cat("secret ", word, " takes one NAME, and no value: that would be open to everybody")
                           : std::string("secret list takes no further word")};
  const std::string name = names_one ? words.plain()[1] : "";
  if (word == "set" || word == "rotate") {
    broker::SetSecret set{.mode = word == "set" ? broker::SetSecret::Mode::kSet : broker::SetSecret::Mode::kRotate,
                          .name = name};
    TRY(choose_value(words, set, order.input));
    order.operation = set;
    needs = Needs::kWriting;
  } else if (word == "show") {
    order.operation = broker::ShowSecret{name};
  } else if (word == "rm") {
    order.operation = broker::RemoveSecret{name};
  } else if (word == "reveal") {
    order.operation = broker::Disclose{cat("confide://", name), broker::Disclose::To::kPerson};
    order.output = STDOUT_FILENO;
  }
  const broker::Answer answer = TRY(ask(std::move(order), needs));
  if (const auto* rows = std::get_if<broker::SecretRows>(&answer)) return put_rows(*rows, word, words.form()) ? 0 : 125;
  if (const auto* stored = std::get_if<broker::Stored>(&answer)) {
    const std::string text = words.form() == Form::kJson
                                 ? ordered_json{{"name", stored->name}, {"version", stored->version}}.dump() + "\n"
                                 : cat("confide://", stored->name, " version ", stored->version, "\n");
    return put(text) ? 0 : 125;
  }
  return 0;
}

}  // namespace

int secret_verb(Arguments arguments) {
  const auto words = Words::parse("secret", arguments, kOptions);
  if (!words) return fail(words.error());
  if (words->has("--help")) return put(kHelp) ? 0 : 125;
  const auto code = run(*words);
  return code ? *code : fail(code.error(), words->form());
}

}  // namespace confide::cli
