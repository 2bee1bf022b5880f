// The masker between a command and whoever reads its output: one per run, loaded with the run's secrets before anything
// is executed. If it cannot be loaded, nothing is launched; if it fails, output stops and the run ends. Where policy
// says `on-leak = "kill"`, an encoded secret is such an end, too (kRefused), after what came before it was passed on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "launcher/output_filter.h"
#include "masking/options.h"
#include "masking/stream.h"
#include "masking/tables.h"
#include "policy/policy.h"

namespace confide::supervisor {

// Which secrets are masked, by name, and what policy says of it.
struct MaskPlan {
  std::vector<std::string> names;
  masking::MaskOptions options;
};
const char* name_of(launcher::Stream stream);  // "stdout", "stderr", "terminal"
masking::MaskOptions mask_options(const policy::Output& policy);

class MaskingFilter : public launcher::OutputFilter {
 public:
  // What a person should know at once, one line: that a stream is withheld.
  using OnRemark = std::function<void(const std::string&)>;
  MaskingFilter(MaskPlan plan, OnRemark on_remark) : plan_(std::move(plan)), on_remark_(std::move(on_remark)) {}

  // Builds the tables from the delivery block and its descriptors (launcher/child/delivery_block.h). Values of more
  // than masking::kMaxValue bytes, short and common ones are left out; warnings() names them.
  Status load(std::span<const UniqueFd> delivery);
  const std::vector<std::string>& warnings() const { return warnings_; }
  struct StreamCount {
    launcher::Stream stream{};
    masking::Count count;
  };
  std::vector<StreamCount> counts() const;  // of what load() was asked for, in the order of streams, secrets, forms

  std::span<std::byte> buffer(launcher::Stream stream) override;
  Status feed(launcher::Stream stream, size_t count, int64_t now_ms, std::string& out) override;
  std::optional<int64_t> deadline_ms(launcher::Stream stream) const override;
  Status idle(launcher::Stream stream, int64_t now_ms, std::string& out) override;
  Status finish(launcher::Stream stream, std::string& out) override;

 private:
  static constexpr size_t kStreams = 3;
  bool is_loaded() const { return !maskers_.empty(); }
  masking::StreamMasker& of(launcher::Stream stream) { return maskers_[static_cast<size_t>(stream)]; }
  const masking::StreamMasker& of(launcher::Stream stream) const { return maskers_[static_cast<size_t>(stream)]; }

  MaskPlan plan_;
  OnRemark on_remark_;
  std::vector<std::string> warnings_;
  std::unique_ptr<masking::Tables> tables_;     // where the maskers know it to be
  std::vector<masking::StreamMasker> maskers_;  // by launcher::Stream; empty: not loaded
};

}  // namespace confide::supervisor
