#include "agents/patch.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

TEST(Patch, NamesEveryFile) {
  EXPECT_EQ(
      files_of_patch("*** Begin Patch\n*** Add File: a b\n+*** Add File: no\n*** Update File: c\r\n*** Move to: d\n@@\n"
                     "-x\n+y\n  *** Delete File: /e\n*** End Patch"),
      (std::vector<std::string>{"a b", "c", "d", "/e"}));
  EXPECT_TRUE(files_of_patch("").empty());
  EXPECT_TRUE(files_of_patch("+*** Add File: x").empty());
}

}  // namespace
}  // namespace confide::agents
