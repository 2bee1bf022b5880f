// The masker between a command and whoever reads its output: one per run, loaded with the run's secrets before anything
// is executed. If it cannot be loaded, nothing is launched; if it fails, output stops and the run ends.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "launcher/output_filter.h"
#include "masking/options.h"
#include "masking/stream.h"
#include "masking/tables.h"

namespace confide::supervisor {

// Which secrets are masked, by name.
struct MaskPlan {
  std::vector<std::string> names;
  masking::MaskOptions options;
};

class MaskingFilter : public launcher::OutputFilter {
 public:
  explicit MaskingFilter(MaskPlan plan) : plan_(std::move(plan)) {}

  // Builds the tables from the delivery block and its descriptors (launcher/child/delivery_block.h). Values of more
  // than masking::kMaxValue bytes, short and common ones are left out; warnings() names them.
  Status load(std::span<const UniqueFd> delivery);
  const std::vector<std::string>& warnings() const { return warnings_; }
  struct StreamCount {
    launcher::Stream stream;
    masking::Count count;
  };
  std::vector<StreamCount> counts() const;

  std::span<std::byte> buffer(launcher::Stream stream) override;
  Status feed(launcher::Stream stream, size_t count, int64_t now_ms, std::string& out) override;
  std::optional<int64_t> deadline_ms(launcher::Stream stream) const override;
  Status idle(launcher::Stream stream, int64_t now_ms, std::string& out) override;
  Status finish(launcher::Stream stream, std::string& out) override;

 private:
  masking::StreamMasker& of(launcher::Stream stream) { return *maskers_[static_cast<size_t>(stream)]; }
  const masking::StreamMasker& of(launcher::Stream stream) const { return *maskers_[static_cast<size_t>(stream)]; }

  MaskPlan plan_;
  std::vector<std::string> warnings_;
  std::optional<masking::Tables> tables_;
  std::array<std::optional<masking::StreamMasker>, 3> maskers_;
};

}  // namespace confide::supervisor
