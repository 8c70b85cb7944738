#include "services/platform/blob/expire_blobs.h"

#include "absl/status/statusor.h"

namespace trama::platform {

absl::Status ExpireBlobs(BlobStore& store, const BlobExpiryRules& rules, BlobExpiry& progress) {
  do {
    const absl::StatusOr<BlobPage> page = store.List(progress.after, rules.page_max);
    if (!page.ok()) return page.status();
    for (const BlobPage::Entry& blob : page->blobs) {
      ++progress.seen;
      if (blob.written >= rules.before) continue;
      if (!rules.dry_run) {
        if (absl::Status erased = store.Delete(blob.reference); !erased.ok()) return erased;
      }
      ++progress.expired;
    }
    progress.after = page->next;
  } while (!progress.after.empty());
  return absl::OkStatus();
}

}  // namespace trama::platform
