// confide mask: producer | confide mask --secret NAME=REF…
#include <sys/prctl.h>

#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/text.h"
#include "broker/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

struct MaskOptions {
  broker::SecretRun run;
  std::optional<std::string> help;
};

Result<MaskOptions> parse(Arguments arguments) {
  MaskOptions options;
  CLI::App app("Copy standard input to standard output with secrets concealed, in every form that they are known to take.", "confide mask");
  app.footer("\nexample:\n  ./deploy 2>&1 | confide mask --secret TOKEN=file:///home/me/.token\n");
  app.add_option("--secret", options.run.secrets, "a secret by reference: NAME=REF")->type_name("NAME=REF")->expected(1)->take_all()->allow_extra_args(false);
  app.add_option("--env-file", options.run.env_files, "a file of variables and references")->type_name("FILE")->expected(1)->take_all()->allow_extra_args(false);
  try {
    std::vector<std::string> words(arguments.begin(), arguments.end());
    std::reverse(words.begin(), words.end());  // CLI11's order
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    options.help = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::kUsage, 0, cat(printable(error.what()), " (confide mask --help lists the options)")};
  }
  if (options.run.secrets.empty() && options.run.env_files.empty()) {
    return Error{ErrorKind::kUsage, 0, "nothing to conceal: name secrets, as in --secret TOKEN=file:///path"};
  }
  return options;
}

}  // namespace

int mask_verb(Arguments arguments) {
  const auto options = parse(arguments);
  if (!options) return fail(options.error());
  if (options->help) return put(*options->help) ? 0 : 125;
  const auto own_environ = broker::open_own_environ();
  if (!own_environ) return fail(own_environ.error());
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const auto on_message = [](const supervisor::RunMessage& message) {
    if (const auto* warning = std::get_if<supervisor::WarningMessage>(&message)) warn(warning->text);
  };
  const auto ended = broker::mask(options->run, own_environ->get(), on_message, [](const std::string& text) { warn(text); });
  return ended ? ended->exit_code : fail(ended.error());
}

}  // namespace confide::cli
