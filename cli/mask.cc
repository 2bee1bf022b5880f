// confide mask: producer | confide mask --secret NAME=REF…
#include <sys/prctl.h>

#include "broker/client.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/run_options.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "launcher/request_wire.h"

namespace confide::cli {
int mask_verb(Arguments arguments) {
  const auto options = parse_mask_options(arguments);
  if (!options) return fail(options.error());
  if (const auto& help = options->help) return put(*help) ? 0 : 125;
  // What policy says of output holds here as in a run.
  const auto prepared = prepare({.flags = options->flags, .policy_file = options->policy_file}, Asker::kPerson,
                                policy::CarriesSecrets::kNo);
  if (!prepared) return fail(prepared.error());
  for (const std::string& remark : prepared->remarks) warn(remark);
  const auto own_environ = broker::open_own_environ();
  if (!own_environ) return fail(own_environ.error());
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const auto on_message = [](const supervisor::RunMessage& message) {
    if (const auto* warning = std::get_if<supervisor::WarningMessage>(&message)) warn(warning->text);
  };
  const broker::SecretRun run{.secrets = options->secrets,
                              .env_files = options->env_files,
                              .launch_request = launcher::encode(prepared->request),
                              .folders = persons_folders()};
  const auto ended = broker::mask(run, own_environ->get(), on_message, [](const std::string& text) { warn(text); });
  return ended ? ended->exit_code : fail(ended.error());
}

}  // namespace confide::cli
