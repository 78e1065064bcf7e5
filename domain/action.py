"""Every command by the name of its mutation, with its row in domain.md B.3 to B.6."""

from domain.term import Term


class ActionName(Term):
    """动作: the mutations, by their field names."""

    reportIncident = "reportIncident", "上报", "Report (T2)"
    rejectIncident = "rejectIncident", "不予受理", "Reject (T5)"
    amendIncident = "amendIncident", "更正", "Amend (T10a)"
    fileIncident = "fileIncident", "立案", "File (T10)"
    dispatchIncident = "dispatchIncident", "派遣", "Dispatch (T11)"
    acceptAssignment = "acceptAssignment", "签收", "Accept (T14)"
    recordFirstContact = "recordFirstContact", "登记首次联系", "Record the first contact (T20)"
    submitResult = "submitResult", "反馈结果", "Submit the result (T25)"
    requestCheck = "requestCheck", "发核查", "Request a check (T27)"
    recordCheck = "recordCheck", "登记核查", "Record a check (T28, T28b, T29, T30)"
    recordFollowUp = "recordFollowUp", "登记回访", "Record a follow-up (T31)"
    closeIncident = "closeIncident", "结案", "Close (T29, T31)"
    reworkIncident = "reworkIncident", "重办", "Send back for rework (T32)"
    superviseIncident = "superviseIncident", "督办", "Supervise (T37)"
    addNote = "addNote", "办理记录", "Add a note"
    saveDraft = "saveDraft", "保存草稿", "Save a draft (T1)"
    selfHandleIncident = "selfHandleIncident", "自行处置", "Handle on the spot (T3)"
    reviewSelfHandled = "reviewSelfHandled", "审核自行处置", "Review what was handled on the spot (T4)"
    reinstateIncident = "reinstateIncident", "恢复受理", "Reinstate (T5b, T6b)"
    transferIncident = "transferIncident", "转出", "Transfer (T6)"
    mergeIncident = "mergeIncident", "并案", "Merge (T7)"
    unmergeIncident = "unmergeIncident", "撤销并案", "Undo a merge (T7u)"
    requestVerification = "requestVerification", "发核实", "Request a verification (T8)"
    recordVerification = "recordVerification", "登记核实", "Record a verification (T9)"
    proposeEnding = "proposeEnding", "提议了结", "Propose an ending (T5, T6, T8, T33, T36)"
    decideEnding = "decideEnding", "审定了结", "Decide a proposed ending"
    claimIncident = "claimIncident", "主动认领", "Claim (T12)"
    confirmClaim = "confirmClaim", "确认认领", "Confirm a claim (T12)"
    withdrawDispatch = "withdrawDispatch", "撤回派遣", "Withdraw a dispatch (T13)"
    redispatchIncident = "redispatchIncident", "改派", "Dispatch anew (T13b)"
    releaseSupport = "releaseSupport", "解除协办", "Release a support (T13c)"
    assignHandler = "assignHandler", "指定承办人", "Assign a handler"
    requestReturn = "requestReturn", "申请退单", "Ask to return (T15)"
    decideReturn = "decideReturn", "审核退单", "Decide a return (T16, T17)"
    referToArbitration = "referToArbitration", "提请裁定", "Refer to arbitration (T18)"
    submitStatement = "submitStatement", "提交陈述", "Submit a statement (S35)"
    ruleArbitration = "ruleArbitration", "裁定派遣", "Rule (T19)"
    replyAsSupport = "replyAsSupport", "协办回复", "Reply as a support (T21)"
    acknowledgeCopy = "acknowledgeCopy", "阅知", "Acknowledge a copy (R13)"
    requestExtension = "requestExtension", "申请延期", "Ask for an extension (T22)"
    decideExtension = "decideExtension", "审批延期", "Decide an extension (T22)"
    requestHang = "requestHang", "申请挂账", "Ask to hang (T23)"
    decideHang = "decideHang", "审批挂账", "Decide a hang (T23)"
    reviewHang = "reviewHang", "复查挂账", "Review a hang (T23b)"
    resumeHung = "resumeHung", "恢复办理", "Resume a hung assignment (T24)"
    returnResult = "returnResult", "退回补正", "Send a result back (T26)"
    reopenIncident = "reopenIncident", "重开", "Reopen (T34)"
    archiveIncident = "archiveIncident", "归档", "Archive (T35)"
    voidIncident = "voidIncident", "作废", "Void (T36)"
    withdrawIncident = "withdrawIncident", "诉求人撤回", "Withdraw (T40)"
    replySupervision = "replySupervision", "回复督办", "Reply to a supervision"
    cancelSupervision = "cancelSupervision", "取消督办", "Cancel a supervision (T38)"
    instructIncident = "instructIncident", "领导批示", "Instruct (T39)"
    acknowledgeInstruction = "acknowledgeInstruction", "签阅批示", "Acknowledge an instruction (R16)"
    markUrgent = "markUrgent", "加急", "Mark as urgent (R17)"
    markHistoric = "markHistoric", "标记历史遗留", "Mark as left over from the past (R18)"
    confirmGrid = "confirmGrid", "确认网格", "Confirm the grid"
    joinIncident = "joinIncident", "附议", "Say 'me too' (R03)"
    declareRecusal = "declareRecusal", "声明回避", "Declare an interest (R82)"
    blowWhistle = "blowWhistle", "吹哨", "Blow a whistle (R33)"
    answerWhistle = "answerWhistle", "报到", "Answer a whistle (R33)"
    rateWhistle = "rateWhistle", "吹哨互评", "Rate after a whistle (R34)"
    createCategory = "createCategory", "新增分类", "Create a category"
    reviseCategory = "reviseCategory", "修订分类", "Revise a category"
    setDutyItem = "setDutyItem", "设定职责", "Set a duty item"
    endDutyItem = "endDutyItem", "终止职责", "End a duty item"
    setDispatchRule = "setDispatchRule", "设定派单规则", "Set a dispatch rule (R09)"
    endDispatchRule = "endDispatchRule", "终止派单规则", "End a dispatch rule"
    setPolicyValue = "setPolicyValue", "设定时限策略", "Set a limit (S40)"
    importCalendar = "importCalendar", "导入工作日历", "Import a year's calendar (R78)"
    reviseOrgUnit = "reviseOrgUnit", "修订单位", "Revise a unit"
    unmaskField = "unmaskField", "查看脱敏信息", "Read a masked value (R80)"
    importCase = "importCase", "导入", "Import a case of an earlier system"
    createPerson = "createPerson", "新增人员", "Create a person"
    assignPost = "assignPost", "任职", "Assign a post"
    endPost = "endPost", "离任", "End a post"
    resetPassword = "resetPassword", "重置密码", "Reset a password"
    changePassword = "changePassword", "修改密码", "Change the own password"
    createGrid = "createGrid", "新建网格", "Create a grid"
    reviseGrid = "reviseGrid", "调整网格", "Revise a grid (R61)"
    retireGrid = "retireGrid", "撤销网格", "Retire a grid (R61)"
    createOrgUnit = "createOrgUnit", "新建单位", "Create a unit"
    saveFilter = "saveFilter", "保存过滤", "Save a filter"
    reviseFilter = "reviseFilter", "修改过滤", "Revise a saved filter"
    deleteFilter = "deleteFilter", "删除过滤", "Delete a saved filter"
    storeDocument = "storeDocument", "存储文档", "Store a document"
    retireDocument = "retireDocument", "停用文档", "Retire a document"
    createIntegrationKey = "createIntegrationKey", "创建集成密钥", "Create an integration key"
    revokeIntegrationKey = "revokeIntegrationKey", "撤销集成密钥", "Revoke an integration key"
    signIn = "signIn", "登录", "Sign in"
    refreshSession = "refreshSession", "续期", "Refresh the session"
    signOut = "signOut", "退出", "Sign out"
    forwardClock = "forwardClock", "拨快时钟", "Forward the test clock"


PLANNED: frozenset[ActionName] = frozenset(
    {
        # before filing, other endings
        ActionName.saveDraft,
        # dictionaries, recusal
        ActionName.createCategory,
        ActionName.reviseCategory,
        ActionName.setDutyItem,
        ActionName.endDutyItem,
        ActionName.setDispatchRule,
        ActionName.endDispatchRule,
        ActionName.setPolicyValue,
        ActionName.reviseOrgUnit,
    }
)
"""Commands of the table that no mutation leads to yet: not offered by `availableActions` nor `viewer.actions`."""
