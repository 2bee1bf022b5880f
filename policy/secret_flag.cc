// --secret NAME=REF[,deliver=…][,path=…]; see policy/reference.h.
#include "base/text.h"
#include "policy/reference.h"

namespace confide::policy {

namespace {

Error refuse(std::string cause) { return Error{ErrorKind::kRefused, 0, std::move(cause)}; }

constexpr std::string_view kForm = "--secret takes NAME=REFERENCE[,deliver=env|file|fd|stdin][,path=PATH]";

}  // namespace

const char* name_of(Deliver deliver) {
  switch (deliver) {
    case Deliver::kEnv: return "env";
    case Deliver::kFile: return "file";
    case Deliver::kFd: return "fd";
    case Deliver::kStdin: return "stdin";
  }
  return "?";
}

std::optional<Deliver> parse_deliver(std::string_view word) {
  for (const Deliver deliver : {Deliver::kEnv, Deliver::kFile, Deliver::kFd, Deliver::kStdin}) {
    if (word == name_of(deliver)) return deliver;
  }
  return std::nullopt;
}

Result<SecretFlag> parse_secret_flag(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return refuse(std::string(kForm));
  const auto name = text.substr(0, equals);
  if (const auto valid = check_variable_name(name); !valid) return refuse(cat(kForm, ": ", valid.error().what));

  SecretFlag flag{.name = std::string(name)};
  const auto fail = [&](std::string_view cause) { return refuse(cat(name, ": ", cause)); };
  auto rest = text.substr(equals + 1);
  std::optional<Deliver> deliver;
  std::optional<std::string_view> path;
  for (;;) {
    const size_t comma = rest.rfind(',');
    if (comma == std::string_view::npos) break;
    const auto option = rest.substr(comma + 1);
    if (option.starts_with("deliver=")) {
      if (deliver) return fail("deliver is given twice");
      deliver = parse_deliver(option.substr(8));
      if (!deliver) return fail("deliver is env, file, fd or stdin");
    } else if (option.starts_with("path=")) {
      if (path) return fail("path is given twice");
      path = option.substr(5);
      if (path->empty()) return fail("path is empty");
    } else {
      break;
    }
    rest = rest.substr(0, comma);
  }
  flag.deliver = deliver.value_or(Deliver::kEnv);
  if (path && flag.deliver != Deliver::kFile) return fail("path goes with deliver=file");
  flag.path = path.value_or("");

  auto reference = parse_reference(rest);
  if (!reference) return fail(reference.error().what);
  flag.reference = std::move(*reference);
  return flag;
}

}  // namespace confide::policy
