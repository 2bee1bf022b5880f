#include "supervisor/provider.h"

#include "launcher/host/survey.h"
#include "supervisor/provider_policy.h"
#include "supervisor/unconfined.h"

namespace confide::supervisor {

Result<EndedMessage> call_provider(const ProviderOrder& order, const std::vector<SlotText>& slots,
                                   launcher::SecretSource& secrets) {
  launcher::LaunchRequest request;
  request.caller = TRY(launcher::look_at_caller_from_account());
  const std::string file = TRY(find_provider_program(order, request.caller));
  if (order.hold == Hold::kNothing) {
    const auto delivery = TRY(secrets.take());
    auto ended = run_unconfined(file, order, delivery);
    secrets.handed_over();
    return ended;
  }
  if (order.home.starts_with('/')) request.caller.home = launcher::look_at(order.home);
  request.policy = TRY(provider_policy(order, request.caller, file));
  request.caller.project.reset();
  request.host = launcher::host_facts();
  request.command.argv = order.arguments;
  request.command.argv.insert(request.command.argv.begin(), file);
  for (const SlotText& slot : slots) request.secrets.push_back({slot.name, slot.deliver, slot.origin});
  const launcher::LaunchHooks hooks{.secrets = &secrets, .remote_signals = kCallerFd, .lifeline = kBrokerFd};
  const launcher::Outcome outcome = TRY(launcher::launch(request, hooks));
  return EndedMessage{outcome.exit_code, outcome.signal, outcome.time_limit};
}

}  // namespace confide::supervisor
