#include "cli/run_options.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/text.h"
#include "cli/list_option.h"

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

// "unknown option --profle; did you mean `--profile`?"
Error unknown_option(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  const std::string bare = word.substr(0, word.find('='));
  const auto close = nearest(bare, {names.begin(), names.end()});
  const std::string hint = close ? cat("; did you mean `", *close, "`?") : std::string();
  return {ErrorKind::kUsage, 0,
          cat("unknown option ", printable(bare), hint, " (", app.get_name(), " --help lists them)")};
}

void add_flag_option(CLI::App& app, const std::string& name, std::optional<policy::Flag>& into, const std::string& type,
                     const std::string& about) {
  app.add_option_function<std::string>(
         name,
         [&into, name](const std::string& text) {
           into = policy::Flag{text, name};
         },
         about)
      ->type_name(type);
}

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
  CLI::App app(
      "Copy standard input to standard output with secrets concealed, in every form that they are known to take.",
      "confide mask");
  app.footer("\nexample:\n  ./deploy 2>&1 | confide mask --secret TOKEN=file:///home/me/.token\n");
  add_list_option(app, "--secret", options.secrets, "NAME=REF", "a secret by reference: NAME=REF");
  add_list_option(app, "--env-file", options.env_files, "FILE", "a file of variables and references");
  add_flag_option(app, "--profile", options.flags.profile, "NAME", "the profile whose `output` holds");
  app.add_option("--policy", options.policy_file, "a policy file to use as the project's confide.toml")
      ->type_name("FILE");
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
  // Nothing to parse, as in every call of an agent's client: setting the parser up is a tenth of a launch.
  if (arguments.size() > 1 && std::string_view(arguments.front()) == "--") {
    parsed.options.command.assign(arguments.begin() + 1, arguments.end());
    return parsed;
  }
  RunOptions& options = parsed.options;
  CLI::App app(
      verb == For::kRun ? "Run a command in a sandbox." : "Show what `confide run` would do, step by step, and why.",
      verb == For::kRun ? "confide run" : "confide explain");
  app.prefix_command();  // what follows the first word that is no option is the command's
  app.footer(verb == For::kRun ? kFooter : kExplainFooter);
  app.get_formatter()->column_width(34);
  add_flag_option(app, "--profile", options.flags.profile, "NAME",
                  "tool (default), readonly, agent, agent-codex, agent-claude, bench, or one of your own");
  app.add_option("--policy", options.policy_file, "a policy file to use as the project's confide.toml")
      ->type_name("FILE");
  add_list_option(app, "--env-file", options.env_files, "FILE",
                  "variables and references, as `op run` takes them; the last wins");
  add_list_option(app, "--environment", options.environments, "ENV",
                  "variables of a named environment (confide env); the last wins");
  add_list_option(app, "--secret", options.secrets, "NAME=REF",
                  "a secret by reference: NAME=REF[,deliver=env|file|fd|stdin]");
  add_list_option(app, "--template", options.templates, "FILE=PATH",
                  "a template with references, filled in at /run/secrets/NAME");
  add_list_option(app, "--read", options.flags.reads, "PATH", "show a path, read-only");
  add_list_option(app, "--write", options.flags.writes, "PATH", "show a path, writable");
  add_list_option(app, "--hide", options.flags.hides, "PATH", "show a folder as empty, a file as an empty one");
  app.add_flag_function(
      "--protect", [&](int64_t) { options.for_agents = policy::ForAgents::kYes; },
      "keep what runs later outside (git hooks, agents' settings) as it is");
  add_flag_option(app, "--network", options.flags.network, "none|host",
                  "no network (default in most profiles), or the host's");
  add_list_option(app, "--env", options.flags.env, "NAME[=VALUE]",
                  "pass a variable that would be taken out, or set one");
  add_flag_option(app, "--timeout", options.flags.timeout, "30s", "end the run after this time (exit status 124)");
  add_flag_option(app, "--memory", options.flags.memory, "2G", "limit of memory (needs a delegated cgroup v2)");
  add_flag_option(app, "--pids", options.flags.pids, "256", "limit of processes");
  add_flag_option(app, "--cpu", options.flags.cpu, "1.5", "limit of processors (needs a delegated cgroup v2)");
  if (verb == For::kRun) app.add_flag("--dry-run", options.dry_run, "print the plan and run nothing");
  app.add_flag_function(
      "--json", [&](int64_t) { options.form = Form::kJson; }, "errors and plans as JSON");
  if (verb == For::kRun) {
    app.add_option("--status-fd", options.status_fd, "write what happens to this descriptor, a JSON object a line")
        ->type_name("N");
    app.add_flag_function(
        "--no-masking", [&](int64_t) { options.masking = supervisor::Masking::kOff; },
        "do not conceal secrets in the output");
    app.add_option("--lease", options.lease, "how long the command may hold its secrets; then it ends (124)")
        ->type_name("10m");
    app.add_flag("--lease-renew", options.lease_renew, "let `confide ps --renew PID` begin the lease anew");
    app.add_flag("--trace-launch", options.trace, "print how long each step of the launch took");
  }
  // CLI11 takes what follows `--` for positional arguments, but drops the mark: the command is cut off here.
  const auto mark =
      std::find_if(arguments.begin(), arguments.end(), [](const char* word) { return std::string_view(word) == "--"; });
  try {
    std::vector<std::string> words(arguments.begin(), mark);
    std::reverse(words.begin(), words.end());  // CLI11's order
    app.parse(words);
    options.command = app.remaining();
  } catch (const CLI::CallForHelp&) {
    parsed.help = app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::kUsage, 0,
                 cat(printable(error.what()), " (", app.get_name(), " --help lists the options)")};
  }
  if (mark != arguments.end()) {
    if (!options.command.empty()) {
      const std::string& word = options.command.front();
      if (word.starts_with("-")) return unknown_option(app, word);
      return Error{ErrorKind::kUsage, 0, cat("unexpected word `", printable(word), "` before --")};
    }
    options.command.assign(mark + 1, arguments.end());
  } else if (!options.command.empty() && options.command.front().starts_with("-")) {
    return unknown_option(app, options.command.front());
  }
  for (const std::string& text : options.templates) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return Error{ErrorKind::kUsage, 0, "--template takes FILE=PATH, as in config.tpl=/run/secrets/config.yml"};
  }
  if (options.command.empty())
    return Error{ErrorKind::kUsage, 0, cat("no command given, as in: ", app.get_name(), " -- make test")};
  return parsed;
}

}  // namespace confide::cli
