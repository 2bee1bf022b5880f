// confide shell -- STRING: the one verb that agents' clients may call unprompted. No options, no references, always the
// user's profile; nothing that the caller can set widens it (law 4).
#include <string_view>

#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/run_record.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

constexpr const char* kHelp =
    "usage: confide shell -- STRING\n\n"
    "Runs STRING with sh -c in the sandbox of the user's default profile. There are no options: what agents' clients "
    "may\n"
    "run unprompted must not be able to widen anything. The profile is set by default-profile in config.toml.\n\n"
    "example:\n  confide shell -- 'git status && make test'\n";

}  // namespace

int shell_verb(Arguments arguments) {
  if (arguments.size() == 1 && asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  if (arguments.size() != 2 || std::string_view(arguments[0]) != "--") {
    return fail(
        {ErrorKind::kUsage, 0, "shell takes -- and one string, and no options, as in: confide shell -- 'make test'"});
  }
  RunOptions options;
  options.command = {"/bin/sh", "-c", "--", arguments[1]};
  const auto prepared = prepare(options, Asker::kAgent, policy::CarriesSecrets::kNo);
  if (!prepared) return fail(prepared.error());
  for (const std::string& remark : prepared->remarks) warn(remark);
  RunRecorder recorder("shell", *prepared, Asker::kAgent);
  const auto outcome = launcher::launch(prepared->request,
                                        {.on_event = [&](const launcher::Event& event) { recorder.on_event(event); }});
  if (!outcome) {
    recorder.failed(outcome.error());
    return fail(outcome.error());
  }
  if (outcome->time_limit) warn("the time limit ended the run");
  return outcome->exit_code;
}

}  // namespace confide::cli
