include %D%/base/local.mk
include %D%/config/local.mk
include %D%/message/local.mk
include %D%/spool/local.mk
include %D%/codec/local.mk
include %D%/operator/local.mk
include %D%/command/local.mk
