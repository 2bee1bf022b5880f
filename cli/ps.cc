// confide ps: the live runs with secrets of this user.
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/print.h"
#include "cli/run_state.h"
#include "cli/verbs.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide ps [--json]\n"
    "       confide ps --renew PID\n\n"
    "Lists this user's live runs with secrets: their pid, age, what is left of the lease, the command's first word and "
    "the\n"
    "names of the secrets.\n\n"
    "  --renew PID   begin the lease of a run anew that was started with --lease-renew\n"
    "  --json        print JSON\n"
    "  --help        say this\n\n"
    "examples:\n"
    "  confide run --lease 10m --lease-renew --env-file dev.env --network host -- npm run dev\n"
    "  confide ps\n"
    "  confide ps --renew 4711\n";

std::string span_text(int64_t ms) {
  const int64_t seconds = std::max<int64_t>(ms, 0) / 1000;
  if (seconds >= 3600) return cat(seconds / 3600, "h", (seconds % 3600) / 60, "m");
  if (seconds >= 60) return cat(seconds / 60, "m", seconds % 60, "s");
  return cat(seconds, "s");
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

int list(Form form) {
  const auto runs = live_runs();
  if (!runs) return fail(runs.error(), form);
  const int64_t now = boot_time_ms();
  ordered_json all = ordered_json::array();
  std::string text;
  for (const RunState& run : *runs) {
    const bool leased = run.lease_until_ms != 0;
    ordered_json one{{"pid", run.pid}, {"age_ms", now - run.begun_ms}, {"lease_left_ms", nullptr}};
    if (leased) one["lease_left_ms"] = std::max<int64_t>(run.lease_until_ms - now, 0);
    one["renewable"] = run.renewable;
    one["command"] = run.command;
    one["names"] = run.names;
    all.push_back(std::move(one));
    text += cat(padded(cat(run.pid), 9), padded(span_text(now - run.begun_ms), 9),
                padded(leased ? cat("lease ", span_text(run.lease_until_ms - now)) : "no lease", 15),
                printable(run.command), ": ", printable(join(run.names, " ")), "\n");
  }
  return put(form == Form::kJson ? all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : text)
             ? 0
             : 125;
}

}  // namespace

int ps_verb(Arguments arguments) {
  Form form = Form::kText;
  std::optional<std::string_view> renew;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--help" || word == "-h") return put(kHelp) ? 0 : 125;
    if (word == "--json") {
      form = Form::kJson;
    } else if (word == "--renew" && i + 1 < arguments.size()) {
      renew = arguments[++i];
    } else {
      return fail({ErrorKind::kUsage, 0, cat("unexpected word `", printable(word), "` (confide ps --help)")}, form);
    }
  }
  if (!renew) return list(form);
  const auto pid = parse_number(*renew);
  if (!pid || *pid == 0 || *pid > INT32_MAX)
    return fail({ErrorKind::kUsage, 0, cat("--renew takes a pid, as in `confide ps`: ", printable(*renew))}, form);
  const auto asked = ask_for_renewal(static_cast<int>(*pid));
  return asked ? 0 : fail(asked.error(), form);
}

}  // namespace confide::cli
