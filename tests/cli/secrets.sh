# Shared-access signatures, protected settings, keys and passwords leave in no format.
mkdir -p b/WindowsAzure/Logs b/Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/RuntimeSettings
cat >b/WindowsAzure/Logs/WaAppAgent.log <<'L'
[00000004] 2022-03-13T21:39:49.000Z [INFO]  Beginning enable of plugin Microsoft.Azure.RecoveryServices.VMSnapshot.
[00000004] 2022-03-13T21:41:18.500Z [ERROR] Enable failed for plugin (name: Microsoft.Azure.RecoveryServices.VMSnapshot, version 1.0.70.0) with exception upload to https://example.invalid/c/status?sv=2020-01-01&sr=b&sig=Zm9vYmFyU0VDUkVUc2ln%3D&se=2030 failed AccountKey=SECRETaccountKEY0123456789== Password=SECRETpassword1 has exited with Exit code: 1
L
printf '%s\n' '{"runtimeSettings":[{"handlerSettings":{"publicSettings":{"taskId":"00000000-0000-4000-8000-000000000001_1","commandToExecute":"snapshot"},"protectedSettings":"U0VDUkVUcHJvdGVjdGVk","protectedSettingsCertThumbprint":"00"}}]}' >b/Packages/Plugins/Microsoft.Azure.RecoveryServices.VMSnapshot/1.0.70.0/RuntimeSettings/1.settings
json 0 b
lacks out Zm9vYmFyU0VDUkVUc2ln SECRETaccountKEY SECRETpassword U0VDUkVUcHJvdGVjdGVk
run 0 b
lacks out Zm9vYmFyU0VDUkVUc2ln SECRETaccountKEY SECRETpassword U0VDUkVUcHJvdGVjdGVk
