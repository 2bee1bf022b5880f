// confide provider list | test NAME [REFERENCE]
#include <sys/prctl.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "broker/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide provider list [--json]\n"
    "       confide provider test NAME [REFERENCE] [--json]\n\n"
    "list shows every provider: the scheme of its references, what is called, whether in a sandbox, whether it is "
    "here.\n"
    "test says whether one can be used: signed in or not, and with a reference whether that can be resolved; the value "
    "is\n"
    "dropped. NAME is a provider's name or a scheme.\n\n"
    "examples:\n"
    "  confide provider list\n"
    "  confide provider test op\n"
    "  confide provider test vault vault://kv/staging#password\n\n"
    "exit status: 0 it works; 123 it does not, and why is said; 2 wrong usage.\n";

std::string dump(const ordered_json& object) {
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

Result<int> list(Form form, int environ_fd) {
  const auto providers = TRY(broker::list_providers(environ_fd));
  ordered_json all = ordered_json::array();
  std::string text;
  for (const broker::ProviderText& row : providers.rows) {
    all.push_back({{"name", row.name},
                   {"scheme", row.scheme},
                   {"calls", row.calls},
                   {"confined", row.confined},
                   {"tested", row.tested},
                   {"installed", row.installed}});
    text += cat(padded(row.name, 22), padded(row.scheme, 18), padded(row.installed ? "here" : "absent", 8), row.calls,
                "\n");
  }
  return put(form == Form::kJson ? dump(all) : text) ? 0 : 125;
}

Result<int> test(Form form, const std::string& name, const std::string& reference, int environ_fd) {
  const auto tested = TRY(broker::test_provider(name, reference, environ_fd));
  ordered_json all = ordered_json::array();
  std::string text;
  bool works = false;
  for (const broker::ProviderTested& row : tested.rows) {
    all.push_back({{"name", row.name}, {"works", row.works}, {"meaning", row.meaning}, {"message", row.text}});
    text += row.text + "\n";
    works = works || row.works;
  }
  if (!put(form == Form::kJson ? dump(all) : text)) return 125;
  return works ? 0 : exit_code(ErrorKind::kRefused);
}

Error usage(std::string what) { return {ErrorKind::kUsage, 0, cat(what, " (confide provider --help)")}; }

}  // namespace

int provider_verb(Arguments arguments) {
  Form form = Form::kText;
  std::vector<std::string> words;
  for (const std::string_view word : arguments) {
    if (word == "--help" || word == "-h") return put(kHelp) ? 0 : 125;
    if (word == "--json")
      form = Form::kJson;
    else if (word.starts_with("-"))
      return fail(usage(cat("unknown option ", printable(word))), form);
    else
      words.emplace_back(word);
  }
  const auto environ_fd = broker::open_own_environ();
  if (!environ_fd) return fail(environ_fd.error(), form);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  Result<int> code = usage("say what: list, or test and a provider's name");
  if (words.size() == 1 && words[0] == "list") code = list(form, environ_fd->get());
  if ((words.size() == 2 || words.size() == 3) && words[0] == "test")
    code = test(form, words[1], words.size() == 3 ? words[2] : std::string(), environ_fd->get());
  return code ? *code : fail(code.error(), form);
}

}  // namespace confide::cli
