#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/sys.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "cli/version.h"

namespace {

struct Verb {
  std::string_view name;
  int (*run)(confide::cli::Arguments);
  const char* about;
};
constexpr Verb kVerbs[] = {
    {"run", confide::cli::run_verb, "run a command in a sandbox, with secrets where they are asked for"},
    {"shell", confide::cli::shell_verb, "run a shell command in a sandbox; what agents' clients call"},
    {"secret", confide::cli::secret_verb, "keep, list, rotate and remove secrets of the embedded vault"},
    {"env", confide::cli::env_verb, "name sets of variables, bound to references; import .env files"},
    {"vault", confide::cli::vault_verb, "make and look after the embedded vault"},
    {"read", confide::cli::read_verb, "print one secret on this terminal, or to a descriptor"},
    {"inject", confide::cli::inject_verb, "fill in a template of references, to a descriptor"},
    {"hook", confide::cli::hook_verb, "answer a client's question about one tool call"},
    {"setup", confide::cli::setup_verb, "make an agent's client call `confide hook`"},
    {"agent", confide::cli::agent_verb, "run a whole coding agent in a sandbox of its own"},
    {"prove", confide::cli::prove_verb, "play the attacker from here, and say what the kernel answers"},
    {"why", confide::cli::why_verb, "say what held the last run that failed, and which key would allow it"},
    {"explain", confide::cli::explain_verb, "show what `run` would do, step by step, and why"},
    {"allow", confide::cli::allow_verb, "let a project's confide.toml count, as it is now"},
    {"deny", confide::cli::deny_verb, "take that back"},
    {"doctor", confide::cli::doctor_verb, "say what this kernel and this place allow"},
    {"mask", confide::cli::mask_verb, "copy standard input to standard output, secrets concealed"},
    {"ps", confide::cli::ps_verb, "list the live runs with secrets, and what is left of their leases"},
    {"provider", confide::cli::provider_verb, "list the stores that references may name, or try one"},
    {"policy", confide::cli::policy_verb, "check a policy file, or print its schema"},
};

std::string usage() {
  std::string text = "usage: confide VERB [ARGUMENTS]\n\n";
  for (const Verb& verb : kVerbs) {
    std::string line = confide::cat("  ", verb.name);
    line.resize(std::max<size_t>(line.size() + 1, 12), ' ');
    text += confide::cat(line, verb.about, "\n");
  }
  return text +
         "\n  confide VERB --help says more; confide(1) is the manual.\n\n"
         "examples:\n"
         "  confide run -- make test\n"
         "  confide secret set API_KEY\n"
         "  confide run --secret API_KEY=confide://API_KEY -- ./deploy\n"
         "  confide run --secret TOKEN=file:///home/me/.token --network host -- ./deploy\n"
         "  confide explain -- npm test\n";
}

int unknown_verb(std::string_view word) {
  std::vector<std::string_view> names = {"help"};
  for (const Verb& verb : kVerbs) names.push_back(verb.name);
  return confide::cli::fail({confide::ErrorKind::kUsage, 0,
                             confide::cat("unknown verb `", confide::printable(word), "`",
                                          confide::did_you_mean(word, names), " (confide --help lists them)")});
}

}  // namespace

int main(int argc, char** argv) {
  confide::sys::open_closed_streams();
  const std::string_view word = argc > 1 ? argv[1] : "";
  for (const Verb& verb : kVerbs)
    if (verb.name == word) return verb.run({argv + 2, argv + argc});
  if (word == "--version") return confide::cli::put(confide::cat("confide ", confide::cli::kVersion, "\n")) ? 0 : 125;
  if (word == "--help" || word == "-h" || word == "help") return confide::cli::put(usage()) ? 0 : 125;
  if (!word.empty()) return unknown_verb(word);
  (void)confide::sys::write_all(STDERR_FILENO, usage());
  return 2;
}
