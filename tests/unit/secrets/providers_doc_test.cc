// docs/providers.md says what the table says: its part between the marks is what is rendered here.
// CONFIDE_UPDATE_GOLDEN=1 rewrites it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "secrets/providers/failure.h"
#include "secrets/providers/table.h"

namespace confide::secrets {
namespace {

constexpr std::string_view kBegin =
    "<!-- rows: made from secrets/providers, see tests/unit/secrets/providers_doc_test.cc -->\n";
constexpr std::string_view kEnd = "<!-- end of rows -->\n";

std::string words(std::span<const std::string_view> list) {
  std::vector<std::string> all;
  for (const std::string_view word : list) all.push_back(cat("`", word, "`"));
  return all.empty() ? "none" : join(all, ", ");
}

std::string call(const Provider& row, std::span<const std::string_view> arguments) {
  std::string line(row.program == "{found}" ? "PROGRAM" : row.program);
  for (const std::string_view argument : arguments) line += cat(" ", argument);
  return cat("`", line, "`");
}

std::string output(Output how, std::string_view field) {
  switch (how) {
    case Output::kBytes: return "as it is printed";
    case Output::kText: return "what is printed, without the line break at its end";
    case Output::kFirstLine: return "the first line";
    case Output::kLineOfKey: return "what follows `KEY:` on a later line";
    case Output::kJson: return cat("`", field, "` of the JSON that is printed");
    case Output::kJsonWithin: return cat("KEY of the JSON in `", field, "`");
  }
  return "";
}

std::string confined(const Provider& row) {
  switch (row.confined) {
    case Confined::kNever: return cat("no: ", row.why_not);
    case Confined::kWithCredential: return cat("where one of its credentials is set; else no: ", row.why_not);
    case Confined::kAlways: break;
  }
  return row.network == Reach::kHost ? "yes, with the network" : "yes, without network";
}

std::string pace(Pace how) {
  switch (how) {
    case Pace::kAllAtOnce: return "all references at once";
    case Pace::kOneAtATime: return "one reference after the other";
    case Pace::kTogether: return "all references in one call (`op inject`); where that fails, one after the other";
  }
  return "";
}

std::string render(const Provider& row) {
  std::string out = cat("### ", row.name, "\n\n| | |\n|---|---|\n");
  const auto line = [&](std::string_view what, std::string_view text) { out += cat("| ", what, " | ", text, " |\n"); };
  line("references", cat("`", policy::prefix_of(row.scheme), "…`"));
  if (row.how == How::kProgram) {
    line("calls", call(row, row.arguments));
    line("value", output(row.output, row.field));
    if (!row.keyed_arguments.empty()) {
      line("calls, with a key", call(row, row.keyed_arguments));
      line("value, with a key", output(row.keyed_output, row.keyed_field));
    }
    line("in a sandbox", confined(row));
    line("asked", cat(pace(row.pace), "; at most ", row.timeout_ms / 1000, " s each"));
  } else {
    line("calls", row.call);
  }
  if (!row.search.empty()) line("looks for", cat(words(row.search), ", the first that is there"));
  if (row.how == How::kProgram || row.how == How::kHttp) {
    line("variables", words(row.variables));
    line("credentials", words(row.credentials));
    if (row.confined != Confined::kNever) line("sees", words(row.reads));
    if (!row.writes.empty()) line("may write", words(row.writes));
  }
  line("tested against", row.tested);
  if (!row.not_found.empty() || !row.failures.empty())
    out += "\n| exit status | standard error has | message |\n|---|---|---|\n";
  if (!row.not_found.empty()) out += cat("| | | ", failure_of(row, row.not_found_means, row.not_found).text, " |\n");
  for (const FailureRule& rule : row.failures) {
    out += cat("| ", rule.exit_status == kAnyStatus ? "any" : cat(rule.exit_status), " | ",
               rule.pattern.empty() ? "" : cat("`", rule.pattern, "`"), " | ",
               failure_of(row, rule.meaning, rule.cure).text, " |\n");
  }
  return out + "\n";
}

TEST(ProvidersDocumentation, SaysWhatTheTableSays) {
  const std::string path = CONFIDE_SOURCE_DIR "/docs/providers.md";
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::string rows = "\n";
  for (const Provider* row : all_providers()) rows += render(*row);
  const std::string stands = text.substr(begin + kBegin.size(), end - begin - kBegin.size());
  if (std::getenv("CONFIDE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text.substr(0, begin + kBegin.size()) << rows << text.substr(end);
    return;
  }
  EXPECT_EQ(stands, rows) << "rewrite it: CONFIDE_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace confide::secrets
