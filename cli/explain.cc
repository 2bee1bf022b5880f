// confide explain: what run would do, and where each part of it comes from.
#include "broker/client.h"
#include "cli/print.h"
#include "cli/run_options.h"
#include "cli/secret_run.h"
#include "cli/show_plan.h"
#include "cli/verbs.h"

namespace confide::cli {

int explain_verb(Arguments arguments) {
  auto parsed = parse_run_options(arguments, For::kExplain);
  if (!parsed) return fail(parsed.error(), form_of(arguments));
  if (const auto& help = parsed->help) return put(*help) ? 0 : 125;
  const RunOptions& options = parsed->options;
  auto own_environ = broker::open_own_environ();
  if (!own_environ) return fail(own_environ.error(), options.form);
  auto prepared = prepare(options, Asker::kPerson, carries_secrets(options));
  if (!prepared) return fail(prepared.error(), options.form);
  for (const std::string& remark : prepared->remarks) warn(remark);
  const auto code = show_plan(std::move(*prepared), options, own_environ->get());
  return code ? *code : fail(code.error(), options.form);
}

}  // namespace confide::cli
