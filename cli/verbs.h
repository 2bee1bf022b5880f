// The verbs of `confide`, one a file. Each takes its own arguments (after the verb) and returns the exit status.
#pragma once

#include <span>
#include <string_view>

namespace confide::cli {

using Arguments = std::span<char*>;

inline bool asks_for_help(Arguments arguments) {
  const std::string_view word = arguments.empty() ? "" : arguments[0];
  return word == "--help" || word == "-h";
}

int run_verb(Arguments arguments);       // run.cc
int shell_verb(Arguments arguments);     // shell.cc
int agent_verb(Arguments arguments);     // agent.cc
int prove_verb(Arguments arguments);     // prove.cc
int why_verb(Arguments arguments);       // why.cc
int explain_verb(Arguments arguments);   // explain.cc
int doctor_verb(Arguments arguments);    // doctor.cc
int policy_verb(Arguments arguments);    // policy.cc
int ps_verb(Arguments arguments);        // ps.cc
int provider_verb(Arguments arguments);  // provider.cc
int allow_verb(Arguments arguments);     // allow.cc
int deny_verb(Arguments arguments);      // allow.cc
int setup_verb(Arguments arguments);     // setup.cc
int hook_verb(Arguments arguments);      // hook.cc
int vault_verb(Arguments arguments);     // vault.cc
int secret_verb(Arguments arguments);    // secret.cc
int env_verb(Arguments arguments);       // env.cc
int read_verb(Arguments arguments);      // read.cc
int inject_verb(Arguments arguments);    // inject.cc
int mask_verb(Arguments arguments);      // mask.cc

}  // namespace confide::cli
