#include "services/channels/email/gmime.h"

namespace trama::email {

void InitGmime() {
  static const bool once = [] {
    g_mime_init();
    return true;
  }();
  (void)once;
}

}  // namespace trama::email
