#include "cli/run_options.h"

#include "base/text.h"
#include "cli/options.h"

namespace confide::cli {
namespace {

constexpr const char* kExplainFooter =
    "\nOptions and their meaning are those of `confide run`; nothing is run.\n"
    "\nexamples:\n"
    "  confide explain -- make test\n"
    "  confide explain --profile readonly --read ~/datasets -- python3 train.py\n"
    "  confide explain --json -- npm test | jq '.steps[].text'\n";

constexpr const char* kFooter =
    "\nA reference says where a value lives: confide://NAME, file:///path, env:NAME, fd:N, stdin:, or with one of the\n"
    "providers that `confide provider list` shows. It is resolved by the broker, never by this program, and delivered "
    "as\n"
    "deliver=env (default), file (/run/secrets/NAME), fd (number in NAME_FD) or stdin. References in variables of the\n"
    "shell are resolved too. Of one name counts: a flag, an environment, an env file, the shell.\n"
    "\nexamples:\n"
    "  confide run -- make test\n"
    "  confide run --read ~/datasets --timeout 10m -- python3 train.py\n"
    "  confide run --network host --secret TOKEN=file:///home/me/.token,deliver=fd -- ./deploy\n"
    "  confide run --environment staging --network host -- npm run migrate\n"
    "  confide run --env-file staging.env --network host -- npm run migrate\n"
    "\nexit status: the command's own; 128+N for signal N; 127 not found; 126 not executable; 125 confide or a "
    "required\n"
    "layer failed; 124 time limit; 123 refused; 2 wrong usage.\n";

constexpr HelpText kRunText = {"confide run", "Run a command in a sandbox.", kFooter};
constexpr HelpText kExplainText = {"confide explain", "Show what `confide run` would do, step by step, and why.",
                                   kExplainFooter};
constexpr HelpText kMaskText = {
    "confide mask",
    "Copy standard input to standard output with secrets concealed, in every form that they are known to take.",
    "\nexample:\n  ./deploy 2>&1 | confide mask --secret TOKEN=file:///home/me/.token\n"};

}  // namespace

Form form_of(Arguments arguments) {
  for (const std::string_view word : arguments) {
    if (word == "--") break;
    if (word == "--json") return Form::kJson;
  }
  return Form::kText;
}

Result<MaskOptions> parse_mask_options(Arguments arguments) {
  MaskOptions options;
  const Option table[] = {
      {"--secret", "NAME=REF", "a secret by reference: NAME=REF", &options.secrets},
      {"--env-file", "FILE", "a file of variables and references", &options.env_files},
      {"--profile", "NAME", "the profile whose `output` holds", &options.flags.profile},
      {"--policy", "FILE", "a policy file to use as the project's confide.toml", &options.policy_file},
  };
  const OptionsParsed parsed = TRY(parse_options(kMaskText.verb, arguments, table));
  if (parsed.help) {
    options.help = help_of(kMaskText, table);
    return options;
  }
  if (!parsed.rest.empty())
    return Error{
        ErrorKind::kUsage, 0,
        cat("unexpected word `", printable(parsed.rest.front()), "`: what is masked is read from standard input")};
  if (options.secrets.empty() && options.env_files.empty()) {
    return Error{ErrorKind::kUsage, 0, "nothing to conceal: name secrets, as in --secret TOKEN=file:///path"};
  }
  for (const std::string& text : options.secrets) {
    const auto flag = policy::parse_secret_flag(text);
    if (!flag) return flag.error();
    if (flag->reference.scheme == policy::Scheme::kStdin) {
      return Error{ErrorKind::kUsage, 0,
                   cat(printable(flag->name), ": standard input is what is masked; give the value as fd:N")};
    }
  }
  return options;
}

Result<Parsed> parse_run_options(Arguments arguments, For verb) {
  Parsed parsed;
  RunOptions& options = parsed.options;
  policy::Overrides& flags = options.flags;
  const Effect protect = [&] { options.for_agents = policy::ForAgents::kYes; };
  const Effect json = [&] { options.form = Form::kJson; };
  const Effect no_masking = [&] { options.masking = supervisor::Masking::kOff; };
  const Option table[] = {
      {"--profile", "NAME", "tool (default), readonly, agent, agent-codex, agent-claude, bench, or one of your own",
       &flags.profile},
      {"--policy", "FILE", "a policy file to use as the project's confide.toml", &options.policy_file},
      {"--env-file", "FILE", "variables and references, as `op run` takes them; the last wins", &options.env_files},
      {"--environment", "ENV", "variables of a named environment (confide env); the last wins", &options.environments},
      {"--secret", "NAME=REF", "a secret by reference: NAME=REF[,deliver=env|file|fd|stdin][,path=PATH]",
       &options.secrets},
      {"--template", "FILE=PATH", "a template with references, filled in and shown at PATH inside", &options.templates},
      {"--read", "PATH", "show a path, read-only", &flags.reads},
      {"--write", "PATH", "show a path, writable", &flags.writes},
      {"--hide", "PATH", "show a folder as empty, a file as an empty one", &flags.hides},
      {"--protect", "", "keep what runs later outside (git hooks, agents' settings) as it is", protect},
      {"--network", "none|host", "no network (default in most profiles), or the host's", &flags.network},
      {"--env", "NAME[=VALUE]", "pass a variable that would be taken out, or set one", &flags.env},
      {"--timeout", "30s", "end the run after this time (exit status 124)", &flags.timeout},
      {"--memory", "2G", "limit of memory (needs a delegated cgroup v2)", &flags.memory},
      {"--pids", "256", "limit of processes", &flags.pids},
      {"--cpu", "1.5", "limit of processors (needs a delegated cgroup v2)", &flags.cpu},
      {"--json", "", "errors and plans as JSON", json},
      // Only `run` runs anything; `explain` knows the options above.
      {"--dry-run", "", "print the plan and run nothing", &options.dry_run},
      {"--status-fd", "N", "write what happens to this descriptor, a JSON object a line", &options.status_fd},
      {"--no-masking", "", "do not conceal secrets in the output", no_masking},
      {"--lease", "10m", "how long the command may hold its secrets; then it ends (124)", &options.lease},
      {"--lease-renew", "", "let `confide ps --renew PID` begin the lease anew", &options.lease_renew},
      {"--trace-launch", "", "print how long each step of the launch took", &options.trace},
  };
  constexpr size_t kOfRunAlone = 6;
  const auto known = std::span(table).first(std::size(table) - (verb == For::kRun ? 0 : kOfRunAlone));
  const HelpText& shown = verb == For::kRun ? kRunText : kExplainText;
  OptionsParsed words = TRY(parse_options(shown.verb, arguments, known));
  if (words.help) {
    parsed.help = help_of(shown, known);
    return parsed;
  }
  options.command = std::move(words.rest);
  for (const std::string& text : options.templates) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return Error{ErrorKind::kUsage, 0, "--template takes FILE=PATH, as in config.tpl=/run/secrets/config.yml"};
  }
  if (options.command.empty())
    return Error{ErrorKind::kUsage, 0, cat("no command given, as in: ", shown.verb, " -- make test")};
  return parsed;
}

}  // namespace confide::cli
