// docs/masking.md says what is true: its table is the one that comes out here.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "masking_support.h"
#include "matrix.h"

namespace confide::masking::testing {
namespace {

constexpr std::string_view kBegin = "<!-- matrix: begin -->\n";
constexpr std::string_view kEnd = "\n<!-- matrix: end -->";

TEST(Matrix, OfTheDocumentIsWhatComesOut) {
  const std::string path = std::string(CONFIDE_SOURCE_DIR) + "/docs/masking.md";
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  std::string document = read.str();
  const size_t begin = document.find(kBegin);
  ASSERT_NE(begin, std::string::npos) << path;
  const size_t from = begin + kBegin.size();
  const size_t end = document.find(kEnd, from);
  ASSERT_NE(end, std::string::npos) << path;
  const std::string written = document.substr(from, end - from);
  const std::string found = matrix();
  // CONFIDE_WRITE_DOCS=1 writes it.
  if (std::getenv("CONFIDE_WRITE_DOCS") != nullptr && written != found) {
    document.replace(from, end - from, found);
    std::ofstream(path) << document;
    return;
  }
  EXPECT_EQ(written, found) << "CONFIDE_WRITE_DOCS=1 on this test writes the table anew";
}

TEST(Matrix, LeaksOnlyWhatIsOutOfReach) {
  std::stringstream lines(matrix());
  size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("|---") || line.starts_with("| form")) continue;
    ++rows;
    EXPECT_TRUE(line.ends_with("| **M** |") || line.ends_with("| L (out of reach) |")) << line;
  }
  EXPECT_GE(rows, 20U);
}

}  // namespace
}  // namespace confide::masking::testing
